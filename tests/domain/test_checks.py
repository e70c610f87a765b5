"""A check keeps a process from being ready when it should, and no sooner."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rowhouse.domain.checks import Checks

if TYPE_CHECKING:
    from rowhouse.domain.checks import Check


class Watched:
    """Checks with a clock, and what was said about them."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.said: list[tuple[str, str]] = []
        self.checks = Checks(grace_seconds=60, on_change=self._note, clock=lambda: self.now)

    def _note(self, check: Check) -> None:
        self.said.append((check.name, check.reason if check.failing_since is not None else "good"))

    def unready(self) -> dict[str, str]:
        return {check.name: check.reason for check in self.checks.unready()}


def test_nothing_to_check_is_ready() -> None:
    assert Watched().unready() == {}


def test_what_has_never_passed_is_not_ready_at_once() -> None:
    watched = Watched()
    watched.checks.expect("pods")
    assert watched.unready() == {"pods": "not tried yet"}
    watched.checks.failed("pods", "forbidden")
    assert watched.unready() == {"pods": "forbidden"}
    watched.now += 3600
    watched.checks.expect("pods")
    assert watched.unready() == {"pods": "forbidden"}
    watched.checks.passed("pods")
    assert watched.unready() == {}


def test_what_failed_comes_before_what_has_not_been_tried() -> None:
    watched = Watched()
    watched.checks.expect("access")
    watched.checks.failed("pods", "forbidden")
    assert list(watched.unready()) == ["pods", "access"]


def test_what_has_passed_may_fail_for_a_while() -> None:
    watched = Watched()
    watched.checks.passed("pods")
    watched.now += 3600
    watched.checks.failed("pods", "refused")
    watched.now += 59
    watched.checks.failed("pods", "away")
    assert watched.unready() == {}
    watched.now += 2
    assert watched.unready() == {"pods": "away"}
    watched.checks.passed("pods")
    assert watched.unready() == {}


def test_a_check_that_is_needed_only_once_may_fail_for_good_after_that() -> None:
    watched = Watched()
    watched.checks.expect("keys", grace_seconds=math.inf)
    watched.checks.failed("keys", "refused")
    assert watched.unready() == {"keys": "refused"}
    watched.checks.passed("keys")
    watched.checks.failed("keys", "away")
    watched.now += 1e9
    assert watched.unready() == {}


def test_a_failure_is_told_once_and_so_is_its_end() -> None:
    watched = Watched()
    watched.checks.passed("pods")
    for _ in range(50):
        watched.checks.failed("pods", "refused")
    watched.checks.failed("pods", "away")
    for _ in range(50):
        watched.checks.passed("pods")
    assert watched.said == [("pods", "refused"), ("pods", "away"), ("pods", "good")]


def test_a_loop_that_no_longer_beats_is_stuck_until_it_is_forgotten() -> None:
    watched = Watched()
    watched.checks.beat("watch", within_seconds=10)
    watched.checks.beat("mirror", within_seconds=600)
    watched.now += 11
    assert watched.checks.stuck() == {"watch": 11.0}
    watched.checks.beat("watch", within_seconds=10)
    assert watched.checks.stuck() == {}
    watched.now += 11
    watched.checks.forget("watch")
    assert watched.checks.stuck() == {}


def test_a_check_that_is_forgotten_keeps_nothing_from_being_ready() -> None:
    watched = Watched()
    watched.checks.failed("mirror", "no CRD")
    watched.checks.forget("mirror")
    assert watched.unready() == {}
