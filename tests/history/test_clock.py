"""Whatever the database's clock does: history says who has an address, and every address can be assigned."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from fixtures import databases
from fixtures.clock import jump
from fixtures.crowds import until_waiting
from fixtures.pods import subnet
from rowhouse.domain.administration import Actor, Holder, ReservationPlan
from rowhouse.domain.errors import PoolExhausted
from rowhouse.ipam.reservations import reserve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from fixtures.pods import Pods
    from rowhouse.store.connection.database import Database as Store

    Dba = psycopg.Connection[TupleRow]

HOUR = 3600
SMALL = subnet("10.0.0.0/30")
OTHER = subnet("10.0.0.0/29", ("10.0.0.1", "10.0.0.2"))
DISAGREEMENTS = """
SELECT host(a.address), r.owner_name, w.name
  FROM (SELECT network_id, address FROM tenures UNION SELECT network_id, address FROM reservations) AS a
  LEFT JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
  LEFT JOIN LATERAL (SELECT * FROM who_had(a.address) AS now
                      UNION ALL
                      SELECT * FROM who_had(a.address, clock_timestamp()) AS now) AS w ON true
 WHERE (w.namespace, w.name, w.container_id) IS DISTINCT FROM (r.owner_namespace, r.owner_name, r.container_id)
"""
HISTORY = "SELECT owner_name FROM tenures WHERE address = %s ORDER BY during"
FUTURE = """
SELECT count(*) FROM tenures
 WHERE lower(during) > clock_timestamp() OR upper(during) > clock_timestamp()
"""


@pytest.fixture(autouse=True)
def agreement(dba: Dba) -> Iterator[None]:
    """History and reservations agree in the end."""
    yield
    assert_agreement(dba)


def assert_agreement(dba: Dba) -> None:
    assert dba.execute(DISAGREEMENTS).fetchall() == []


def owners(dba: Dba, address: str = "10.0.0.1") -> list[str]:
    return [name for (name,) in dba.execute(HISTORY, (address,))]


def test_a_release_in_the_future_of_a_clock_that_comes_back(pods: Pods, dba: Dba) -> None:
    pods.add("web-0", SMALL)
    pods.add("web-1", SMALL)
    jump(dba, HOUR)
    pods.delete("web-0")
    jump(dba, -HOUR)
    assert_agreement(dba)
    assert pods.add("web-2", SMALL) == "10.0.0.1"
    assert_agreement(dba)
    assert owners(dba) == ["web-0", "web-2"]
    assert dba.execute(FUTURE).fetchone() == (0,)


def test_a_free_run_is_not_late_for_all_its_addresses(pods: Pods, dba: Dba) -> None:
    wide = subnet("10.0.0.0/24")
    pods.add("web-0", wide)
    jump(dba, HOUR)
    pods.delete("web-0")
    jump(dba, -HOUR)
    for i in range(1, 70):
        pods.add(f"web-{i}", wide)
        assert_agreement(dba)
    assert dba.execute(FUTURE).fetchone() == (0,)


@pytest.mark.parametrize("jumps", [[-HOUR], [-HOUR, -HOUR, HOUR, -3 * HOUR], [HOUR, -2 * HOUR] * 3])
def test_addresses_change_hands_whatever_the_clock_does(
    pods: Pods, dba: Dba, jumps: list[int]
) -> None:
    expected = []
    for number, seconds in enumerate(jumps):
        pod = f"web-{number}"
        assert pods.add(pod, SMALL) == "10.0.0.1"
        jump(dba, seconds)
        assert_agreement(dba)
        assert [one.address for one in pods.delete(pod)] == ["10.0.0.1"]
        assert_agreement(dba)
        expected.append(pod)
    assert owners(dba) == expected


def excluded_and_not(dba: Dba) -> None:
    dba.execute(
        """INSERT INTO exclusions (network_id, first, last)
           SELECT DISTINCT network_id, '10.0.0.1'::inet, '10.0.0.2'::inet FROM pools"""
    )
    dba.execute("DELETE FROM exclusions")


def remade(dba: Dba) -> None:
    dba.execute("DELETE FROM pools")
    dba.execute(
        """INSERT INTO pools (network_id, network_name, cidr)
           SELECT id, name, '10.0.0.0/30' FROM networks"""
    )


@pytest.mark.parametrize("change", [excluded_and_not, remade])
@pytest.mark.parametrize("seconds", [1, HOUR])
def test_free_space_that_was_made_again_by_a_clock_that_is_late(
    pods: Pods, dba: Dba, change: Callable[[Dba], None], seconds: int
) -> None:
    pods.add("web-0", SMALL)
    pods.delete("web-0")
    jump(dba, -seconds)
    change(dba)
    assert pods.add("web-1", SMALL) == "10.0.0.1"
    assert_agreement(dba)
    pods.delete("web-1")
    assert pods.add("web-2", OTHER) == "10.0.0.1"
    assert owners(dba) == ["web-0", "web-1", "web-2"]
    assert dba.execute(FUTURE).fetchone() == (0,)


@pytest.mark.parametrize("change", [excluded_and_not, remade])
def test_an_address_reserved_by_hand_after_the_clock_went_back(
    pods: Pods, store: Store, dba: Dba, change: Callable[[Dba], None]
) -> None:
    pods.add("web-0", SMALL)
    pods.delete("web-0")
    jump(dba, -HOUR)
    change(dba)
    dba.execute(
        """INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
           SELECT network_id, '10.0.0.1', id, 'static', 'printer' FROM pools"""
    )
    [(pool,)] = dba.execute("SELECT id FROM pools")
    jump(dba, -HOUR)
    dba.execute("DELETE FROM reservations")
    plan = ReservationPlan(
        pool_id=pool, addresses=("10.0.0.1",), holder=Holder(kind="static", name="scanner")
    )
    [made] = reserve(store, plan, Actor(name="alice"))
    assert made.address == "10.0.0.1"
    assert owners(dba) == ["web-0", "printer", "scanner"]


def test_a_sandbox_and_an_address_that_change_while_their_tenure_is_in_the_future(
    pods: Pods, dba: Dba
) -> None:
    pods.add("web-0", SMALL)
    jump(dba, -HOUR)
    pods.add("web-0", SMALL, container="second", node="node1")
    assert_agreement(dba)
    jump(dba, -HOUR)
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute("UPDATE reservations SET owner_name = 'web-1'")
    assert_agreement(dba)
    jump(dba, -HOUR)
    dba.execute("UPDATE reservations SET address = '10.0.0.2'")
    assert_agreement(dba)
    assert pods.add("web-3", SMALL) == "10.0.0.1"
    assert owners(dba) == ["web-0", "web-0", "web-1", "web-3"]
    assert owners(dba, "10.0.0.2") == ["web-1"]


def test_tenures_that_were_left_over(pods: Pods, dba: Dba) -> None:
    """Those that are open without a reservation, and those that end in the future."""
    for pod in ("web-0", "web-1"):
        pods.add(pod, SMALL)
    dba.execute("SET session_replication_role = replica")
    dba.execute("DELETE FROM attachments")
    dba.execute("DELETE FROM reservations")
    dba.execute("DELETE FROM free_ranges")
    dba.execute(
        """UPDATE tenures SET during = tstzrange(lower(during), lower(during) + interval '1 year')
            WHERE owner_name = 'web-1'"""
    )
    dba.execute(
        """INSERT INTO free_ranges (network_id, first, last, free_from)
           SELECT id, '10.0.0.0', '10.0.0.3', '-infinity' FROM networks"""
    )
    dba.execute("SET session_replication_role = origin")
    assert pods.add("web-2", SMALL) == "10.0.0.1"
    assert pods.add("web-3", SMALL) == "10.0.0.2"
    assert owners(dba) == ["web-0", "web-2"]
    assert owners(dba, "10.0.0.2") == ["web-1", "web-3"]
    corrected = dba.execute(
        "SELECT object FROM audit_log WHERE action = 'tenure.correct' ORDER BY id"
    )
    assert corrected.fetchall() == [("10.0.0.1",), ("10.0.0.2",)]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM tenures",
        "UPDATE tenures SET during = tstzrange(lower(during), lower(during) + interval '1 microsecond')",
        "UPDATE tenures SET during = tstzrange(lower(during), lower(during) + interval '1 year')",
        "UPDATE tenures SET address = '10.0.0.9'",
        "UPDATE tenures SET during = tstzrange(NULL, NULL)",
        "UPDATE tenures SET during = 'empty'",
    ],
)
@pytest.mark.parametrize("deed", ["delete", "add", "rename", "move"])
def test_an_open_tenure_that_a_person_changed_breaks_nothing(
    pods: Pods, dba: Dba, damage: str, deed: str
) -> None:
    pods.add("web-0", SMALL)
    dba.execute(damage)
    dba.execute("SET rowhouse.force = 'on'")
    if deed == "delete":
        assert [one.released for one in pods.delete("web-0")] == [True]
    elif deed == "add":
        assert pods.add("web-0", SMALL, container="second") == "10.0.0.1"
    elif deed == "rename":
        dba.execute("UPDATE reservations SET owner_name = 'web-9', container_id = 'other'")
    else:
        dba.execute("UPDATE reservations SET address = '10.0.0.2'")
    dba.execute("DELETE FROM tenures WHERE address = '10.0.0.9'")
    assert_agreement(dba)


def test_a_quarantine_of_a_clock_that_was_years_ahead_does_not_keep_a_pool_full(
    pods: Pods, dba: Dba
) -> None:
    pods.add("web-0", SMALL)
    pods.add("web-1", SMALL)
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    jump(dba, 10 * 365 * 24 * HOUR)
    pods.delete("web-0")
    pods.delete("web-1")
    jump(dba, -10 * 365 * 24 * HOUR)
    assert pods.add("web-2", SMALL) == "10.0.0.1"
    pods.delete("web-2")
    assert pods.add("web-3", SMALL) == "10.0.0.2"
    with pytest.raises(PoolExhausted):
        pods.add("web-4", SMALL)
    assert owners(dba) == ["web-0", "web-2"]


def test_two_that_find_the_same_misdated_quarantine_free_it_once(
    pods: Pods, dba: Dba, database: Database
) -> None:
    pods.add("web-0", SMALL)
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    jump(dba, 10 * 365 * 24 * HOUR)
    pods.delete("web-0")
    jump(dba, -10 * 365 * 24 * HOUR)
    free = "SELECT end_misdated_quarantines(1, ARRAY['10.0.0.1'::inet], ARRAY['10.0.0.2'::inet])"
    with (
        databases.session(database) as first,
        databases.session(database) as second,
        ThreadPoolExecutor(1) as threads,
    ):
        with first.transaction():
            first.execute(free)
            waiting = threads.submit(second.execute, free)
            until_waiting(dba)
        waiting.result()
    runs = dba.execute("SELECT host(first), host(last), quarantined FROM free_ranges").fetchall()
    assert runs == [("10.0.0.0", "10.0.0.3", False)]
