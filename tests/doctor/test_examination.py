"""The checks as a whole: an order, time limits, and nothing that is left out silently."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from rowhouse.doctor.examination import CHECKS, Check, examine
from rowhouse.doctor.finding import Finding, failed, ok, skipped
from rowhouse.doctor.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = Surroundings({})


def good(_: Surroundings) -> Iterator[Finding]:
    yield ok("good")


def bad(_: Surroundings) -> Iterator[Finding]:
    yield failed("bad", "mend it")


def nothing(_: Surroundings) -> Iterator[Finding]:
    yield from ()


def broken(_: Surroundings) -> Iterator[Finding]:
    yield ok("so far")
    raise KeyError("gone")


def test_results_are_in_the_order_of_the_checks_and_each_finds_something() -> None:
    checks = [Check("c", nothing, after="b"), Check("b", good), Check("a", broken)]
    results = examine(NOWHERE, checks)
    assert [one.name for one in results] == ["c", "b", "a"]
    assert [one.state for result in results for one in result.findings] == [
        "skipped",
        "ok",
        "ok",
        "failed",
    ]
    assert "KeyError" in results[2].findings[1].found


def test_a_check_that_depends_on_a_failed_one_is_skipped_with_the_reason() -> None:
    results = examine(NOWHERE, [Check("a", bad), Check("b", good, after="a")])
    assert results[1].findings == (skipped('the check "a" failed'),)


def test_a_check_that_does_not_end_is_a_failure_and_keeps_no_other_from_its_result() -> None:
    over = threading.Event()

    def endless(_: Surroundings) -> Iterator[Finding]:
        over.wait(240)
        yield ok("late")

    late, other = examine(
        NOWHERE, [Check("endless", endless), Check("other", good)], max_seconds=0.05
    )
    over.set()
    assert late.findings[0].state == "failed"
    assert "0.05 s" in late.findings[0].found
    assert other.findings == (ok("good"),)


def test_every_check_comes_after_one_that_is_there() -> None:
    names = [one.name for one in CHECKS]
    assert len(set(names)) == len(names)
    for check in CHECKS:
        assert not check.after or names.index(check.after) < names.index(check.name)


@pytest.mark.usefixtures("_no_cluster_of_ours")
def test_every_failure_and_warning_has_a_remedy_where_nothing_is_there() -> None:
    for result in examine(NOWHERE):
        for one in result.findings:
            assert one.state == "skipped", (result.name, one)
            assert one.remedy or "the check" in one.found, result.name
