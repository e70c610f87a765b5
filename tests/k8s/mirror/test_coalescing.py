"""Changes of a busy pool wait a moment for more, and those that cancel out are not written at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.pods import subnet
from rowhouse.k8s.mirror.pending import BUSY_SECONDS, Pending

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.pods import Pods
    from k8s.mirror.conftest import Mirroring

POOL = subnet("10.0.0.0/24")
WINDOW = 5.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def writes(mirroring: Mirroring) -> list[str]:
    return [line for line in mirroring.kube.seen if not line.startswith("GET")]


def started(mirroring: Mirroring, clock: Callable[[], float]) -> None:
    """A mirror with a window that has looked at everything."""
    mirroring.mirror = mirroring.another(window=WINDOW, clock=clock)
    mirroring.round()
    mirroring.kube.seen.clear()


def test_a_pod_that_crashes_again_and_again_costs_a_few_writes_and_not_hundreds(
    mirroring: Mirroring, pods: Pods
) -> None:
    """Recorded: 87 PATCHes of one pool in ten minutes, and a POST and a DELETE for every other one of them."""
    clock = Clock()
    pods.add("well", POOL)
    started(mirroring, clock)
    for attempt in range(44):
        pods.add("crashing", POOL, container=f"sandbox-{attempt}")
        mirroring.round()
        clock.now += 1.5
        pods.delete(f"sandbox-{attempt}")
        mirroring.round()
        for _ in range(12):
            clock.now += 1.0
            mirroring.round()
    assert len(writes(mirroring)) <= 4
    assert mirroring.holders("10.0.0.0-24") == {"1": "default/well"}
    assert mirroring.reservations() == {"10.0.0.1": "default/well"}


def test_the_first_change_of_a_quiet_pool_does_not_wait(mirroring: Mirroring, pods: Pods) -> None:
    clock = Clock()
    started(mirroring, clock)
    pods.add("web-0", POOL)
    mirroring.round()
    assert mirroring.reservations() == {"10.0.0.1": "default/web-0"}
    clock.now += BUSY_SECONDS + 1
    pods.add("web-1", POOL)
    mirroring.round()
    assert len(mirroring.reservations()) == 2


def test_changes_of_a_busy_pool_are_there_after_the_window_however_many_follow(
    mirroring: Mirroring, pods: Pods
) -> None:
    clock = Clock()
    started(mirroring, clock)
    pods.add("web-0", POOL)
    mirroring.round()
    mirroring.kube.seen.clear()
    for number in range(1, 6):
        pods.add(f"web-{number}", POOL)
        mirroring.round()
        assert len(mirroring.holders("10.0.0.0-24")) == 1
        clock.now += 1.0
    mirroring.round()
    assert len(mirroring.holders("10.0.0.0-24")) == 6
    assert sum("ippools" in line for line in writes(mirroring)) == 1


def test_what_waits_is_lag_and_the_mirror_sleeps_no_longer_than_it(
    mirroring: Mirroring, pods: Pods
) -> None:
    clock = Clock()
    started(mirroring, clock)
    pods.add("web-0", POOL)
    mirroring.round()
    pods.add("web-1", POOL)
    mirroring.round()
    clock.now += 3.0
    report = mirroring.mirror.report()
    assert 3.0 <= report["lag_seconds"] < 30
    assert report["pools_waiting"] == 1
    assert 0 < mirroring.mirror.pause <= WINDOW - 3.0
    clock.now += WINDOW
    mirroring.round()
    assert mirroring.mirror.report()["lag_seconds"] == 0


def test_a_foreign_edit_is_reverted_at_once(mirroring: Mirroring, pods: Pods) -> None:
    clock = Clock()
    started(mirroring, clock)
    pods.add("web-0", POOL)
    mirroring.round()
    pods.add("web-1", POOL)
    mirroring.round()
    mirroring.kube.delete("ippools", "10.0.0.0-24", "kube-system")
    mirroring.until(lambda: "10.0.0.0-24" in mirroring.kube.specs("ippools"))
    assert clock.now == 1000.0


def test_one_busy_pool_keeps_no_other_one_waiting() -> None:
    clock = Clock()
    pending = Pending(WINDOW, clock)
    pending.changed([1])
    assert pending.take() == {1: 1000.0}
    pending.changed([1, 2], age=0.25)
    assert pending.take() == {2: 999.75}
    assert (len(pending), pending.oldest, pending.left) == (1, 999.75, WINDOW)
    pending.changed([1])  # it waits since the first change, not the last
    clock.now += WINDOW
    assert pending.take() == {1: 999.75}
    assert (len(pending), pending.oldest, pending.left) == (0, None, None)
