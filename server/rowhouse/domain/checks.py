"""Named checks of one process: is it ready, and does each of its loops still run?

Probes ask two different questions, and checks answer them separately:

* *ready*: `passed` and `failed` report the last attempt. A check that has passed before may fail for
  `grace_seconds` before the process stops being ready, so a short restart of a peer changes nothing.
* *alive*: `beat` reports that a loop is still running. A loop that stops beating is stuck, and only a
  restart of the process helps.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

GRACE_SECONDS: Final = 60.0
_NOT_YET: Final = "not tried yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The state of one check.

    `has_passed`: at least once. `failing_since`: a value of the clock, None if the last attempt passed.
    `is_ready`: whether this check allows the process to be ready.
    """

    name: str
    grace_seconds: float = GRACE_SECONDS
    is_ready: bool = False
    has_passed: bool = False
    failing_since: float | None = None
    reason: str = ""
    hint: str = ""


class Checks:
    """The checks of one process. Safe to share between threads.

    Args:
        grace_seconds: how long a check that has passed before may fail, unless `expect` sets another time.
        on_change: called with a check that starts to fail, fails for another reason, or passes again.
        clock: monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        grace_seconds: float = GRACE_SECONDS,
        on_change: Callable[[Check], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._grace_seconds = grace_seconds
        self._on_change = on_change
        self._clock = clock
        self._lock = threading.Lock()
        self._checks: dict[str, Check] = {}
        self._beats: dict[str, tuple[float, float]] = {}

    def expect(self, name: str, *, grace_seconds: float | None = None) -> None:
        """Add a check: the process is not ready until it has passed. An existing check is not changed.

        `grace_seconds`: its own grace time; `math.inf` if it has to pass only once.
        """
        grace = self._grace_seconds if grace_seconds is None else grace_seconds
        with self._lock:
            self._checks.setdefault(name, Check(name=name, grace_seconds=grace, reason=_NOT_YET))

    def passed(self, name: str) -> None:
        """Report that the last attempt passed."""
        with self._lock:
            before = self._known(name)
            now = replace(before, has_passed=True, failing_since=None, reason="", hint="")
            self._checks[name] = now
        if before.failing_since is not None:
            self._on_change(now)

    def failed(self, name: str, reason: str, hint: str = "") -> None:
        """Report that the last attempt failed, with the reason and the remedy."""
        with self._lock:
            before = self._known(name)
            since = self._clock() if before.failing_since is None else before.failing_since
            now = replace(before, failing_since=since, reason=reason, hint=hint)
            self._checks[name] = now
        if (before.failing_since is None) or before.reason != reason:
            self._on_change(now)

    def beat(self, name: str, *, within_seconds: float) -> None:
        """Report that the loop `name` is running; it counts as stuck unless it beats again within that time."""
        with self._lock:
            self._beats[name] = (self._clock(), within_seconds)

    def forget(self, name: str) -> None:
        """Remove the loop or check `name`, which has ended as intended."""
        with self._lock:
            self._checks.pop(name, None)
            self._beats.pop(name, None)

    def all(self) -> list[Check]:
        """The state of every check, by name."""
        with self._lock:
            checks = sorted(self._checks.items())
            now = self._clock()
        return [replace(check, is_ready=self._is_ready(check, now)) for _, check in checks]

    def unready(self) -> list[Check]:
        """The checks that keep the process from being ready, earliest failure first; empty if it is ready."""
        unready = [check for check in self.all() if not check.is_ready]
        return sorted(unready, key=lambda check: check.failing_since is None)

    def stuck(self) -> dict[str, float]:
        """Stuck loops → seconds since their last beat."""
        now = self._clock()
        with self._lock:
            beats = sorted(self._beats.items())
        return {name: now - at for name, (at, within) in beats if now - at > within}

    def _known(self, name: str) -> Check:
        return self._checks.get(name) or Check(name=name, grace_seconds=self._grace_seconds)

    @staticmethod
    def _is_ready(check: Check, now: float) -> bool:
        if not check.has_passed:
            return False
        return check.failing_since is None or now - check.failing_since < check.grace_seconds
