"""The runtime repeats itself, comes late, and does two things with one pod at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fixtures.crowds import answers, at_once
from fixtures.pods import subnet, twice
from rowhouse.store.connection import database

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    import pytest
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods

NESTED = (subnet("10.0.0.0/16", ("10.0.9.1", "10.0.9.9")), subnet("10.0.0.0/24"))
"""In the order of their CIDRs; the address of the first one is the higher one."""


def held(dba: psycopg.Connection[TupleRow], pod: str) -> list[tuple[str, str]]:
    """Address and sandbox of every attachment of a pod."""
    rows = dba.execute(
        """SELECT host(r.address), a.container_id
             FROM reservations r LEFT JOIN attachments a USING (network_id, address)
            WHERE r.owner_name = %s ORDER BY r.address, a.container_id""",
        (pod,),
    )
    return [(address, container) for address, container in rows]


def test_the_same_add_at_once_gives_one_address(
    crowd: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    for i in range(10):
        given = answers(at_once([partial(crowd.add, f"pod-{i}", subnet("10.0.0.0/24"))] * 8))
        assert len(set(given)) == 1
        assert held(dba, f"pod-{i}") == [(given[0], f"pod-{i}")]
    assert dba.execute("SELECT count(*) FROM tenures").fetchone() == (10,)


def test_the_same_add_of_several_ranges_at_once_gives_the_same_addresses(
    crowd: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    """The first range twice, so two addresses of it; just as many addresses as one pod needs."""
    wanted = twice(subnet("10.0.0.0/30"), subnet("10.0.0.0/30"), subnet("fd00::/126"))
    for i in range(10):
        pod = f"pod-{i}"
        results = answers(at_once([partial(crowd.add_all, pod, *wanted)] * 6))
        given = {tuple(one.address for one in result) for result in results}
        assert given == {("10.0.0.1", "10.0.0.2", "fd00::1")}
        assert sum(one.created for result in results for one in result) == 3
        assert len(held(dba, pod)) == 3
        crowd.delete(pod)


def test_two_sandboxes_of_a_pod_at_once_share_its_address(
    crowd: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    wanted = subnet("10.0.0.0/24")
    for i in range(10):
        pod = f"pod-{i}"
        adds = [partial(crowd.add, pod, wanted, container=f"{pod}.{n}") for n in range(4)]
        given = answers(at_once(adds))
        assert held(dba, pod) == [(given[0], f"{pod}.{n}") for n in range(4)]
        released = answers(at_once(partial(crowd.delete, f"{pod}.{n}") for n in range(4)))
        assert sorted(one.released for [one] in released) == [False, False, False, True]
        assert held(dba, pod) == []


def test_a_del_that_meets_the_add_of_the_next_sandbox_takes_nothing_from_it(
    crowd: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    wanted = subnet("10.0.0.0/24")
    crowd.add("other", wanted)
    for i in range(60):
        crowd.add("web-0", wanted, container=f"c{i}")
        old = partial(crowd.delete, f"c{i}")
        work: list[Callable[[], object]] = [
            partial(crowd.add, "web-0", wanted, container=f"c{i + 1}"),
            old,
            old,
        ]
        results = answers(at_once(work))
        assert held(dba, "web-0") == [(results[0], f"c{i + 1}")]


def test_add_and_del_of_several_ranges_in_opposite_orders_end_well(
    crowd: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    """ADD goes by CIDR, DEL by address: should they wait for each other, one of them tries again."""
    for i in range(25):
        crowd.add_all("web-0", *NESTED, container=f"c{i}")
        new = partial(crowd.add_all, "web-0", *NESTED, container=f"c{i + 1}")
        old = partial(crowd.delete, f"c{i}")
        work: list[Callable[[], object]] = [new, old, new, old]
        answers(at_once(work))
        assert {container for _, container in held(dba, "web-0")} == {f"c{i + 1}"}
        assert len(held(dba, "web-0")) == 2


def test_requests_and_lowest_assignments_never_deadlock(
    crowd: Pods, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no second attempt, a deadlock would be an error."""
    monkeypatch.setattr(database, "ATTEMPTS", 1)
    asking = subnet("10.0.0.0/24", requested="10.0.0.1")
    for i in range(25):
        names = [f"pod-{i}-{n}" for n in range(8)]
        at_once(
            partial(crowd.add, name, asking if n % 2 else subnet("10.0.0.0/24"))
            for n, name in enumerate(names)
        )
        answers(at_once(partial(crowd.delete, name) for name in names))


def test_a_sandbox_that_is_added_and_deleted_at_once_leaves_all_or_nothing(
    crowd: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    wanted = (subnet("10.0.0.0/24"), subnet("fd00::/64"))
    for i in range(40):
        pod = f"pod-{i}"
        work: list[Callable[[], object]] = [
            partial(crowd.add_all, pod, *wanted),
            partial(crowd.delete, pod),
        ]
        answers(at_once(work))
        assert len(held(dba, pod)) in (0, 2)
        crowd.delete(pod)
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (0,)


def test_the_last_address_goes_to_both_of_two_equal_adds(crowd: Pods) -> None:
    for wanted in (subnet("10.0.0.4/31"), subnet("10.0.0.4/31", requested="10.0.0.5")):
        crowd.add("other", subnet("10.0.0.4/31", requested="10.0.0.4"))
        for i in range(20):
            pod = f"pod-{i}"
            given = answers(at_once([partial(crowd.add, pod, wanted)] * 4))
            assert set(given) == {"10.0.0.5"}
            crowd.delete(pod)
        crowd.delete("other")
