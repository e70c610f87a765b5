"""Many pods want addresses at the same moment."""

from __future__ import annotations

from collections import Counter
from functools import partial
from ipaddress import ip_address, ip_network
from random import Random
from typing import TYPE_CHECKING

import pytest

from fixtures.crowds import answers, at_once
from fixtures.pods import subnet
from rowhouse.domain.errors import AddressTaken, PoolExhausted

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods
    from rowhouse.domain.requests import RangeRequest

SIXTEEN = ("10.0.0.0", "10.0.0.15")


def test_200_pods_at_once_get_200_addresses(crowd: Pods) -> None:
    wanted = subnet("10.0.0.0/24")
    given = answers(at_once(partial(crowd.add, f"pod-{i}", wanted) for i in range(200)))
    assert len(set(given)) == 200
    assert set(given) < {str(address) for address in ip_network("10.0.0.0/24").hosts()}


def test_pods_on_overlapping_pools_never_share_an_address(crowd: Pods) -> None:
    pools = ("10.0.0.0/8", "10.0.0.0/24", "10.0.0.0/25", "10.0.0.64/26", "10.0.0.96/27")
    pods = [(f"pod-{i}", subnet(pools[i % 5])) for i in range(75)]
    given = answers(at_once(partial(crowd.add, pod, wanted) for pod, wanted in pods))
    assert len(set(given)) == 75
    for (_, wanted), address in zip(pods, given, strict=True):
        assert ip_address(address) in ip_network(wanted.cidr)


def test_of_50_claimants_of_one_address_exactly_one_wins(crowd: Pods) -> None:
    wanted = subnet("10.0.0.0/24", ("10.0.0.9", "10.0.0.9"))
    outcome = at_once(partial(crowd.add, f"pod-{i}", wanted) for i in range(50))
    assert Counter(one if isinstance(one, str) else type(one) for one in outcome) == {
        "10.0.0.9": 1,
        PoolExhausted: 49,
    }


def test_of_50_callers_for_the_same_address_exactly_one_wins(crowd: Pods) -> None:
    """And those who take whatever is lowest, the same one, are not held up by them."""
    asking = subnet("10.0.0.0/24", requested="10.0.0.1")
    outcome = at_once(
        partial(crowd.add, f"pod-{i}", asking if i < 50 else subnet("10.0.0.0/24"))
        for i in range(70)
    )
    asked = Counter(one if isinstance(one, str) else type(one) for one in outcome[:50])
    others = answers(outcome[50:])
    assert set(asked) <= {"10.0.0.1", AddressTaken}
    assert asked["10.0.0.1"] + others.count("10.0.0.1") == 1
    assert len(set(others)) == 20


SEGMENTS = {
    "one segment": (SIXTEEN,),
    "three segments": (
        ("10.0.0.0", "10.0.0.1"), ("10.0.0.4", "10.0.0.4"), ("10.0.0.32", "10.0.0.44"),
    ),
    "sixteen runs of one address": tuple((f"10.0.0.{2 * i}",) * 2 for i in range(16)),
}  # fmt: skip


@pytest.mark.parametrize("segments", SEGMENTS.values(), ids=SEGMENTS)
def test_no_pod_is_refused_while_there_are_as_many_addresses_as_pods(
    crowd: Pods, segments: tuple[tuple[str, str], ...]
) -> None:
    """16 addresses, 16 pods that come and go: whenever one comes, one address at least is free."""
    come_and_go(crowd, [subnet("10.0.0.0/24", *segments)] * 16)


@pytest.mark.parametrize("delay", ["1 microsecond", "2 milliseconds"])
def test_no_pod_is_refused_while_due_quarantines_are_being_freed(
    crowd: Pods, dba: psycopg.Connection[TupleRow], delay: str
) -> None:
    """16 pods share 16 addresses and as many again that rest, shorter than a call takes."""
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute(
        """INSERT INTO pools (network_id, network_name, cidr, reuse_delay)
           SELECT id, name, '10.0.0.0/24', %s FROM networks""",
        (delay,),
    )
    addresses = 16 if delay == "1 microsecond" else 64
    last = str(ip_address("10.0.0.0") + addresses - 1)
    come_and_go(crowd, [subnet("10.0.0.0/24", ("10.0.0.0", last))] * 16)


def test_no_pod_is_refused_while_expired_addresses_are_being_released(crowd: Pods) -> None:
    """Sticky pods whose time is over the moment they go: others get their addresses."""
    come_and_go(crowd, [subnet("10.0.0.0/24", SIXTEEN)] * 16, ttl=0.000_001)


def test_no_pod_is_refused_for_an_address_that_is_about_to_come_back(crowd: Pods) -> None:
    """Eight pods take an address and fail on a second range: nothing was taken at any time."""
    full = subnet("10.9.0.0/24", ("10.9.0.1", "10.9.0.1"))
    crowd.add("blocker", full)
    scarce = subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.8"))

    def greedy(worker: int) -> list[str]:
        for i in range(15):
            with pytest.raises(PoolExhausted):
                crowd.add_all(f"greedy-{worker}-{i}", scarce, full)
        return []

    def modest(worker: int) -> list[str]:
        return [taken_and_returned(crowd, f"modest-{worker}-{i}", scarce) for i in range(15)]

    answers(at_once(partial(work, i) for work in (greedy, modest) for i in range(8)))


def come_and_go(
    crowd: Pods, workers: list[RangeRequest], *, times: int = 25, ttl: float | None = None
) -> None:
    """Each worker is one pod after another on its range."""

    def pods(worker: int, wanted: RangeRequest) -> list[str]:
        return [
            taken_and_returned(crowd, f"pod-{worker}-{i}", wanted, ttl=ttl) for i in range(times)
        ]

    answers(at_once(partial(pods, i, wanted) for i, wanted in enumerate(workers)))


def taken_and_returned(
    crowd: Pods, pod: str, wanted: RangeRequest, *, ttl: float | None = None
) -> str:
    address = crowd.add(pod, wanted, sticky=ttl is not None, ttl=ttl)
    crowd.delete(pod)
    return address


def test_neighbors_that_are_released_at_once_are_all_free_again(
    crowd: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    wanted = subnet("10.0.0.0/25")
    names = [f"pod-{i}" for i in range(126)]
    for turn in range(2):
        given = answers(at_once(partial(crowd.add, name, wanted) for name in names))
        assert len(set(given)) == 126
        with pytest.raises(PoolExhausted):
            crowd.add("late", wanted)
        Random(turn).shuffle(names)
        gone = answers(at_once(partial(crowd.delete, name) for name in names))
        assert all(one.released for [one] in gone)
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (0,)
