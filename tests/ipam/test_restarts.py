"""A pod that goes on living keeps its address: through a reboot, and when its range is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet, twice
from rowhouse.domain.errors import PoolExhausted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

SUBNET = subnet("10.0.0.0/24")
ONE = subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.1"))
CONTAINERS = "SELECT container_id FROM attachments ORDER BY attached_at"


@pytest.fixture(autouse=True)
def integrity(dba: Session) -> Iterator[None]:
    """Whatever a test does, the database finds no problem afterwards."""
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def test_the_next_sandbox_of_a_pod_on_its_node_replaces_the_old_one(
    pods: Pods, dba: Session
) -> None:
    """As after a reboot, when the old sandbox's DEL may never come."""
    assert pods.add("web-0", ONE, container="old", uid="1") == "10.0.0.1"
    assert pods.add("web-0", ONE, container="new", uid="1") == "10.0.0.1"
    assert dba.execute(CONTAINERS).fetchall() == [("new",)]
    assert [one.released for one in pods.delete("new")] == [True]
    assert pods.add("other", ONE) == "10.0.0.1"
    assert pods.delete("old") == []


def test_what_the_old_sandbox_had_of_other_ranges_goes_with_it(pods: Pods, dba: Session) -> None:
    wanted = twice(SUBNET, subnet("fd00::/64"))
    pods.add_all("web-0", *wanted, container="old", uid="1")
    pods.add("web-0", SUBNET, container="new", uid="1")
    assert dba.execute("SELECT host(address) FROM reservations").fetchall() == [("10.0.0.1",)]
    assert dba.execute("SELECT end_reason FROM tenures WHERE family(address) = 6").fetchall() == [
        ("REPLACED",)
    ]


@pytest.mark.parametrize(
    ("uid", "node"),
    [("2", "node1"), ("1", "node2"), (None, "node1")],
    ids=["pod", "node", "unknown"],
)
def test_another_pod_and_another_node_replace_nothing(
    pods: Pods, dba: Session, uid: str | None, node: str
) -> None:
    pods.add("web-0", ONE, container="old", uid="1")
    assert pods.add("web-0", ONE, container="new", uid=uid, node=node) == "10.0.0.1"
    assert dba.execute(CONTAINERS).fetchall() == [("old",), ("new",)]


@pytest.mark.parametrize("container", ["web-0", "new"])
@pytest.mark.parametrize(
    "changed",
    ["10.0.0.0/23", "10.0.0.0/25", "10.0.0.0/16"],
)
def test_a_range_that_grows_or_moves_keeps_the_address_that_it_contains(
    pods: Pods, dba: Session, changed: str, container: str
) -> None:
    assert pods.add("other", SUBNET) == "10.0.0.1"
    assert pods.add("web-0", SUBNET, uid="1") == "10.0.0.2"
    [given] = pods.add_all("web-0", subnet(changed), container=container, uid="1")
    assert (given.address, given.cidr, given.created) == ("10.0.0.2", changed, False)
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (2,)
    assert dba.execute(
        "SELECT p.cidr::text FROM reservations r JOIN pools p ON p.id = r.pool_id ORDER BY address"
    ).fetchall() == [("10.0.0.0/24",), (changed,)]
    assert [one.released for one in pods.delete(container)] == [True]


def test_a_range_that_does_not_contain_the_address_gives_another_one(pods: Pods) -> None:
    pods.add("other", SUBNET)
    pods.add("web-0", SUBNET)
    assert pods.add("web-0", subnet("10.0.0.0/24", ("10.0.0.9", "10.0.0.9"))) == "10.0.0.2"
    assert pods.add("web-0", subnet("10.0.1.0/24")) == "10.0.1.1"


def test_two_ranges_that_overlap_stay_two_addresses_when_one_of_them_grows(pods: Pods) -> None:
    before = pods.add_all("web-0", *twice(SUBNET, subnet("10.0.0.0/25")))
    after = pods.add_all("web-0", *twice(subnet("10.0.0.0/23"), subnet("10.0.0.0/25")))
    assert [one.address for one in after] == [one.address for one in before]


def test_a_second_address_that_is_gone_is_exhaustion_and_no_search_without_end(
    pods: Pods, dba: Session
) -> None:
    two = subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.2"))
    assert len(pods.add_all("web-0", *twice(two, two))) == 2
    dba.execute("DELETE FROM reservations WHERE slot = 0")
    pods.add("other", two)
    with pytest.raises(PoolExhausted):
        pods.add_all("web-0", *twice(two, two))
