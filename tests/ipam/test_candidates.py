"""Candidates: each replica takes one that is free, and a refusal says what holds them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, lowest, subnet
from rowhouse.domain.errors import AddressOutsideRanges, AddressTaken, InvalidConfig
from rowhouse.domain.requests import LastingOwner, RangeRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

LISTED = replace(
    subnet("10.0.0.0/24", ("10.0.0.20", "10.0.0.22"), ("10.0.0.40", "10.0.0.40")),
    has_candidates=True,
)
KEPT = """INSERT INTO exclusions (network_id, first, last, requests_only)
          SELECT id, '10.0.0.21', '10.0.0.30', true FROM networks"""


@pytest.fixture(autouse=True)
def integrity(pods: Pods, dba: Session) -> Iterator[None]:
    """The pool exists. Whatever a test does, the database finds no problem afterwards."""
    pods.add("other", subnet("10.0.0.0/24"))
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def test_replicas_take_the_lowest_free_candidates_until_all_are_taken(
    pods: Pods, dba: Session
) -> None:
    dba.execute(KEPT)
    given = [pods.add(f"web-{i}", LISTED) for i in range(4)]
    assert given == ["10.0.0.20", "10.0.0.21", "10.0.0.22", "10.0.0.40"]
    with pytest.raises(AddressTaken) as refused:
        pods.add("web-4", LISTED)
    assert (
        "all 4 candidates are taken: 10.0.0.20 is in use by default/web-0, 10.0.0.21 is in use by"
        " default/web-1, 10.0.0.22 is in use by default/web-2, …" in refused.value.message
    )
    assert pods.add("web-1", LISTED, container="restarted") == "10.0.0.21"
    pods.delete("web-2")
    assert pods.add("web-4", LISTED) == "10.0.0.22"
    # Other pods get none of those for requests only.
    assert pods.add("plain", subnet("10.0.0.0/24", ("10.0.0.21", "10.0.0.31"))) == "10.0.0.31"


def test_concurrent_replicas_get_one_candidate_each(pods: Pods, dba: Session) -> None:
    dba.execute(KEPT)
    with ThreadPoolExecutor(4) as threads:
        given = list(threads.map(lambda i: pods.add(f"web-{i}", LISTED), range(4)))
    assert lowest(given) == ["10.0.0.20", "10.0.0.21", "10.0.0.22", "10.0.0.40"]


NAMED = """INSERT INTO exclusions (network_id, first, last, requests_only, name)
           SELECT id, %s, %s, true, %s FROM networks"""


def named(*names: str, cidr: str = "10.0.0.0/24") -> RangeRequest:
    """Candidates by name."""
    return replace(subnet(cidr), has_candidates=True, candidate_names=names)


def test_a_named_range_is_for_those_that_name_it(pods: Pods, dba: Session) -> None:
    for first, last, name in (
        ("10.0.0.2", "10.0.0.3", "web"),
        ("10.0.0.9", "10.0.0.9", "web"),
        ("10.0.0.4", "10.0.0.4", "db"),
        ("fd00::5", "fd00::5", "db"),
    ):
        dba.execute(NAMED, (first, last, name))
    assert pods.add("plain", subnet("10.0.0.0/24")) == "10.0.0.5"
    assert [pods.add(f"web-{i}", named("web")) for i in range(3)] == [
        "10.0.0.2",
        "10.0.0.3",
        "10.0.0.9",
    ]
    with pytest.raises(AddressTaken, match="all 3 candidates are taken"):
        pods.add("web-3", named("web"))
    assert pods.add("web-3", named("web", "db")) == "10.0.0.4"
    # The pod keeps its address, whatever the names are by then.
    dba.execute("DELETE FROM exclusions WHERE name = 'web'")
    assert pods.add("web-1", named("web"), container="restarted") == "10.0.0.3"
    with pytest.raises(InvalidConfig, match='no range for requests named "web"'):
        pods.add("web-4", named("web"))


def test_names_of_the_other_family_do_not_limit_a_range(pods: Pods, dba: Session) -> None:
    dba.execute(NAMED, ("fd00::5", "fd00::6", "six"))
    given = pods.add_all("dual", named("six"), named("six", cidr="fd00::/64"))
    assert [one.address for one in given] == ["10.0.0.2", "fd00::5"]
    dba.execute(NAMED, ("10.9.0.1", "10.9.0.1", "six"))
    with pytest.raises(AddressOutsideRanges, match="no address named six is in the range of 10"):
        pods.add("other-range", named("six"))


def test_names_limit_a_pool_by_name_to_its_window(pods: Pods, dba: Session) -> None:
    pods.delete("other")
    dba.execute("UPDATE pools SET name = 'web', window_first = '10.0.0.22'")
    dba.execute(NAMED, ("10.0.0.20", "10.0.0.23", "front"))
    by_name = RangeRequest(pool="web", has_candidates=True, candidate_names=("front",))
    assert [pods.add(f"web-{i}", by_name) for i in range(2)] == ["10.0.0.22", "10.0.0.23"]
    with pytest.raises(AddressTaken, match="all 2 candidates are taken"):
        pods.add("web-2", by_name)


def test_a_pool_by_name_assigns_candidates_in_its_window(pods: Pods, dba: Session) -> None:
    pods.delete("other")
    dba.execute("UPDATE pools SET name = 'web', window_first = '10.0.0.22'")
    by_name = RangeRequest(pool="web", segments=LISTED.segments, has_candidates=True)
    assert [pods.add(f"web-{i}", by_name) for i in range(2)] == ["10.0.0.22", "10.0.0.40"]
    with pytest.raises(AddressTaken, match="all 2 candidates are taken"):
        pods.add("web-2", by_name)
    outside = replace(by_name, segments=(("10.0.0.5", "10.0.0.6"),))
    with pytest.raises(AddressOutsideRanges, match="no candidate is inside the window"):
        pods.add("web-3", outside)


def test_a_machine_keeps_its_candidate(pods: Pods) -> None:
    vm = LastingOwner(kind="virtual_machine", name="db", interface="net1")
    for pod in ("first", "second"):
        [given] = pods.add_all(pod, LISTED, uid=pod, sticky=True, lasting=vm)
        assert given.address == "10.0.0.20"
        pods.delete(pod)
    assert pods.add("web-0", LISTED) == "10.0.0.21"
