"""When an address is assigned again: at once, after a while, and never before its last tenure ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import subnet
from rowhouse.domain.errors import AddressTaken, PoolExhausted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods

SUBNET = subnet("10.0.0.0/24")
RESERVE = """
INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
SELECT network_id, %s, id, 'static', %s FROM pools WHERE cidr = '10.0.0.0/24'
"""


@pytest.fixture(autouse=True)
def integrity(dba: psycopg.Connection[TupleRow], pods: Pods) -> Iterator[None]:
    """There is a pool, and whatever the test did, the database finds no problem."""
    pods.add("web-0", SUBNET)
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def test_a_clock_that_stepped_back_makes_nothing_fail(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    """As after a failover to a machine whose clock is an hour behind."""
    pods.add("web-1", SUBNET)
    ahead = "interval '1 hour'"
    with dba.transaction():
        dba.execute("SET LOCAL session_replication_role = replica")
        dba.execute(f"UPDATE tenures SET during = tstzrange(lower(during) + {ahead}, NULL)")
        dba.execute(f"UPDATE free_ranges SET free_from = clock_timestamp() + {ahead}")
    for turn in range(3):
        for pod in ("web-0", "web-1"):
            pods.add(pod, SUBNET, container=f"{pod}.{turn}")
            pods.delete(f"{pod}.{turn}")
            pods.delete(pod)
        assert pods.add("web-2", SUBNET) == "10.0.0.1"
        dba.execute("SET rowhouse.force = 'on'")
        dba.execute("UPDATE reservations SET address = '10.0.0.2' WHERE owner_name = 'web-2'")
        dba.execute("DELETE FROM reservations")
    ordered = """SELECT bool_and(lower(during) >= coalesce(before, '-infinity'))
                   FROM (SELECT during, lag(upper(during)) OVER (PARTITION BY address ORDER BY during) AS before
                           FROM tenures) AS lines"""
    assert dba.execute(ordered).fetchone() == (True,)


def test_a_released_address_rests_for_as_long_as_its_pool_says(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    pods.delete("web-0")
    assert pods.add("web-1", SUBNET) == "10.0.0.2"
    one = subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.1"))
    with pytest.raises(PoolExhausted):
        pods.add("web-2", one)
    with pytest.raises(AddressTaken, match="quarantine"):
        pods.add("web-2", subnet("10.0.0.0/24", requested="10.0.0.1"))
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute("UPDATE reservations SET address = '10.0.0.7' WHERE owner_name = 'web-1'")
    assert pods.add("web-2", SUBNET) == "10.0.0.3"
    dba.execute("UPDATE free_ranges SET free_from = now() WHERE quarantined")
    assert pods.add("web-3", one) == "10.0.0.1"
    assert pods.add("web-4", SUBNET) == "10.0.0.2"


def test_what_a_person_takes_out_of_quarantine_is_held_from_now_on(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    pods.delete("web-0")
    dba.execute(RESERVE, ("10.0.0.1", "printer"))
    row = dba.execute("SELECT name FROM who_had('10.0.0.1', clock_timestamp())").fetchone()
    assert row == ("printer",)


def test_a_release_survives_an_emptied_history(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("DELETE FROM tenures")
    assert [one.released for one in pods.delete("web-0")] == [True]
    assert pods.add("web-1", SUBNET) == "10.0.0.1"
