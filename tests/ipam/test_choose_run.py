"""The order in which free addresses are chosen is one file's: a change there is a change everywhere.

To choose the highest address first for good, also:

- The fast path of `attach_v1` takes only runs with a step of 1 that end within the segment (`run.step = 1`, and `high`
  as `reach`). With another step every ADD takes the general path, at twice the cost: let it take runs that begin within
  the segment, and shorten them at their end.
- docs/architecture.md and docs/reference/config.md say that an ADD gets the lowest free address.
- The other tests of tests/ipam expect the lowest address.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, hosts, subnet
from rowhouse.domain.administration import Actor, Holder, ReservationPlan
from rowhouse.domain.requests import Owner, RangeRequest
from rowhouse.ipam import reservations
from rowhouse.store.allocation.allocator import _Attach, _attach_many
from rowhouse.store.connection.combining import LeftOut

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    Dba = psycopg.Connection[TupleRow]

ORDER = Path(__file__).parents[2] / "migrations/schema/allocation/choose_run.sql"
POOL = subnet("10.0.0.0/24")


@pytest.fixture(autouse=True)
def highest_first(dba: Dba) -> None:
    text = ORDER.read_text()
    for old, new in (
        ("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
        ("SELECT greatest(f.first, low), 1,", "SELECT least(f.last, high), -1,"),
        ("ORDER BY f.last LIMIT 1", "ORDER BY f.last DESC LIMIT 1"),
    ):
        assert text.count(old) == 1, (
            f"{ORDER.name} has changed: {old!r} is not in it; adapt this test"
        )
        text = text.replace(old, new)
    dba.execute(text.encode())


def batch(pods: Pods, wanted: RangeRequest, names: list[str]) -> list[str]:
    """The addresses of plain ADDs that meet."""
    calls = [
        _Attach(
            Owner(cluster=pods.cluster, namespace="default", name=name, interface="net1"),
            pods.sandbox(name),
            [wanted],
            strict=False,
        )
        for name in names
    ]
    answers = _attach_many(pods.store, calls)
    return [given[0].address for given in answers if not isinstance(given, LeftOut)]


def tail(first: int, last: int, prefix: str = "10.0.0") -> list[str]:
    """The addresses from `first` down to `last`."""
    return [f"{prefix}.{n}" for n in range(first, last - 1, -1)]


def test_single_adds(pods: Pods) -> None:
    assert [pods.add(f"web-{n}", POOL) for n in range(70)] == tail(254, 185)


def test_a_batch_and_the_next_one(pods: Pods) -> None:
    pods.add("first", POOL)
    assert batch(pods, POOL, [f"a-{n}" for n in range(8)]) == tail(253, 246)
    assert batch(pods, POOL, [f"b-{n}" for n in range(64)]) == tail(245, 182)


def test_holes_that_a_release_has_made(pods: Pods) -> None:
    for n in range(10):
        pods.add(f"web-{n}", POOL)
    for n in (2, 5, 7):
        pods.delete(f"web-{n}")
    assert pods.add("single", POOL) == "10.0.0.252"
    assert batch(pods, POOL, ["a", "b", "c", "d"]) == [
        "10.0.0.249",
        "10.0.0.247",
        "10.0.0.244",
        "10.0.0.243",
    ]


def test_ranges_slices_and_pools_by_name(pods: Pods, dba: Dba) -> None:
    part = subnet("10.0.0.0/24", ("10.0.0.10", "10.0.0.20"))
    assert pods.add("part-0", part) == "10.0.0.20"
    assert batch(pods, part, ["part-1", "part-2"]) == ["10.0.0.19", "10.0.0.18"]
    assert pods.add("sliced", subnet("10.1.0.0/24", slice_size=28)) == "10.1.0.15"
    dba.execute("UPDATE pools SET name = 'storage' WHERE cidr = '10.0.0.0/24'")
    named = RangeRequest(network="", cidr="", segments=(), pool="storage")
    assert pods.add("named", named) == "10.0.0.254"
    given = pods.add_all("two", POOL, subnet("10.2.0.0/24"))
    assert [one.address for one in given] == ["10.0.0.253", "10.2.0.254"]


def test_a_requested_address_and_reservations_by_hand(pods: Pods, dba: Dba) -> None:
    pods.add("first", POOL)
    assert pods.add("asks", subnet("10.0.0.0/24", requested="10.0.0.77")) == "10.0.0.77"
    plan = ReservationPlan(pool_id=1, holder=Holder(kind="static", name="printer"), count=2)
    reservations.reserve(pods.store, plan, Actor(name="test"), idempotency_key=None)
    rows = dba.execute(
        "SELECT host(address) FROM reservations WHERE owner_kind = 'static' ORDER BY address"
    )
    assert [address for (address,) in rows] == ["10.0.0.252", "10.0.0.253"]
    assert pods.add("next", POOL) == "10.0.0.251"


def test_an_ipv6_range(pods: Pods) -> None:
    wanted = subnet("fd00::/64", hosts("fd00::/64"))
    assert pods.add("web-0", wanted) == "fd00::ffff:ffff:ffff:fffe"
    assert batch(pods, wanted, ["web-1", "web-2"]) == [
        "fd00::ffff:ffff:ffff:fffd",
        "fd00::ffff:ffff:ffff:fffc",
    ]


@pytest.fixture(autouse=True)
def integrity(dba: Dba) -> object:
    """Whatever a test does, the database finds no problem afterwards."""
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
