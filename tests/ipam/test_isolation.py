"""Addresses that any two sharing configurations assign are unique, whichever of them came first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import InvalidConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

LARGE = subnet("10.40.0.0/27")
SMALL = subnet("10.40.0.0/28")
ALONE = subnet("10.40.0.0/28", isolated=True)
SPACES = """
SELECT host(r.address), n.isolated IS NOT NULL FROM reservations r JOIN networks n ON n.id = r.network_id ORDER BY 1, 2
"""


@pytest.fixture(autouse=True)
def integrity(dba: Session) -> Iterator[None]:
    """Whatever a test does, the database finds no problem afterwards."""
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def test_an_isolated_pool_joins_the_shared_space_with_all_that_it_has(
    pods: Pods, dba: Session
) -> None:
    for pod in ("a", "b", "c"):
        pods.add(pod, ALONE)
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    pods.delete("b")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) SELECT network_id, '10.40.0.5', '10.40.0.6' FROM pools"
    )
    assert pods.add("d", SMALL) == "10.40.0.4"
    assert dba.execute(SPACES).fetchall() == [
        ("10.40.0.1", False), ("10.40.0.3", False), ("10.40.0.4", False),
    ]  # fmt: skip
    assert pods.add("e", LARGE) == "10.40.0.7", ".2 is quarantined, .5 and .6 are excluded"
    assert pods.add("f", ALONE) == "10.40.0.8"
    assert [one.released for one in pods.delete("a")] == [True]
    assert dba.execute("SELECT isolated FROM pools WHERE cidr = '10.40.0.0/28'").fetchall() == [
        (False,)
    ]
    held = dba.execute(
        "SELECT t.start_reason FROM tenures t JOIN networks n ON n.id = t.network_id"
        " WHERE n.isolated IS NULL AND t.address = '10.40.0.3'"
    )
    assert held.fetchall() == [("JOIN",)]


def test_sharing_configurations_never_assign_the_same_address_in_any_order(pods: Pods) -> None:
    assert pods.add("a", ALONE) == "10.40.0.1"
    assert pods.add("b", SMALL) == "10.40.0.2"
    assert pods.add("c", LARGE) == "10.40.0.3"


def test_where_an_address_is_in_use_in_both_the_sharing_one_is_refused_and_both_are_named(
    pods: Pods, dba: Session
) -> None:
    assert pods.add("a", ALONE) == "10.40.0.1"
    assert pods.add("b", LARGE) == "10.40.0.1"
    before = dba.execute(SPACES).fetchall()
    with pytest.raises(InvalidConfig) as refused:
        pods.add("c", SMALL)
    for said in (
        "10.40.0.0/28",
        "10.40.0.0/27",
        "10.40.0.1",
        "default/a",
        "default/b",
        "default/c",
    ):
        assert said in refused.value.message
    assert refused.value.cni_code == 7
    assert dba.execute(SPACES).fetchall() == before
    pods.delete("b")
    assert pods.add("c", SMALL) == "10.40.0.2"


def test_an_isolated_pool_stays_alone_as_long_as_no_sharing_configuration_has_its_range(
    pods: Pods, dba: Session
) -> None:
    assert pods.add("a", LARGE) == "10.40.0.1"
    assert pods.add("b", ALONE) == "10.40.0.1"
    assert pods.add("c", LARGE) == "10.40.0.2"
    assert dba.execute("SELECT count(*) FROM networks").fetchone() == (2,)


def test_an_isolated_configuration_may_use_a_shared_pool(pods: Pods) -> None:
    assert pods.add("a", SMALL) == "10.40.0.1"
    assert pods.add("b", ALONE) == "10.40.0.2"


def test_several_ranges_join_in_one_call(pods: Pods) -> None:
    other = subnet("10.41.0.0/28", isolated=True)
    pods.add("a", ALONE)
    pods.add("a2", other)
    given = pods.add_all("b", SMALL, subnet("10.41.0.0/28"))
    assert [one.address for one in given] == ["10.40.0.2", "10.41.0.2"]


EXCLUDE = "INSERT INTO exclusions (network_id, first, last) SELECT network_id, %s, %s FROM pools WHERE cidr = %s"
EXCLUDED = "SELECT host(first), host(last) FROM exclusions ORDER BY first"


def test_exclusions_of_both_spaces_hold_after_a_join(pods: Pods, dba: Session) -> None:
    pods.add("a", ALONE)
    pods.add("in use in the shared space", subnet("10.40.0.0/27", ("10.40.0.9", "10.40.0.9")))
    dba.execute(EXCLUDE, ("10.40.0.2", "10.40.0.9", "10.40.0.0/28"))
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(EXCLUDE, ("10.40.0.4", "10.40.0.5", "10.40.0.0/27"))
    dba.execute(EXCLUDE, ("10.40.0.9", "10.40.0.10", "10.40.0.0/27"))
    assert pods.add("b", SMALL) == "10.40.0.11"
    assert dba.execute(EXCLUDED).fetchall() == [
        ("10.40.0.2", "10.40.0.3"), ("10.40.0.4", "10.40.0.5"), ("10.40.0.6", "10.40.0.8"), ("10.40.0.9", "10.40.0.10"),
    ]  # fmt: skip


def test_an_address_that_is_in_use_though_excluded_joins(pods: Pods, dba: Session) -> None:
    assert pods.add("a", ALONE) == "10.40.0.1"
    pods.add("other", subnet("10.40.0.0/27", ("10.40.0.2", "10.40.0.2")))
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(EXCLUDE, ("10.40.0.1", "10.40.0.2", "10.40.0.0/28"))
    assert pods.add("b", SMALL) == "10.40.0.3"
    assert [one.released for one in pods.delete("a")] == [True]
    assert pods.add("c", SMALL) == "10.40.0.4"


def test_a_quarantine_below_an_exclusion_survives_a_join(pods: Pods, dba: Session) -> None:
    pods.add("a", ALONE)
    pods.add("other", LARGE)
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    pods.delete("a")
    pods.delete("other")
    dba.execute(EXCLUDE, ("10.40.0.1", "10.40.0.1", "10.40.0.0/28"))
    assert pods.add("b", SMALL) == "10.40.0.2"
    dba.execute("DELETE FROM exclusions")
    assert pods.add("c", SMALL) == "10.40.0.3"


def test_a_network_with_pools_cannot_be_isolated_by_hand(pods: Pods, dba: Session) -> None:
    pods.add("a", SMALL)
    with pytest.raises(psycopg.Error, match="its isolation cannot change"):
        dba.execute("UPDATE networks SET isolated = '10.40.0.0/28'")
