"""Keeps a server process on one processor, because only one of its threads runs Python at a time.

Threads on several processors contend for the interpreter's lock: each handover wakes another processor and takes twice
as long as the work itself. On one processor, a process answers twice as many requests. It moves if other programs keep
this processor busy while another one is idle. For more capacity, run more processes.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CHECK_EVERY: Final = 5.0
_BUSY: Final = 0.05
"""A processor with a smaller idle share is busy."""

_IDLE_ENOUGH: Final = 0.5
"""A processor with a larger idle share is worth the move."""

_IDLE: Final = slice(3, 5)
"""The fields idle and iowait of a line of /proc/stat, without its name (proc_stat(5))."""

_GUEST: Final = 8
"""The fields from here on are already included in others."""


def stay_on_one(number: int) -> None:
    """Keep this process, including its future threads, on one of the processors that it may use.

    Processes with different `number` use different processors, as far as possible. Does nothing if there is only one
    processor, or if the system does not allow the choice.
    """
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) == 1:
        return
    # The parent's process id spreads several servers on one machine over the processors.
    chosen = allowed[(os.getppid() + number) % len(allowed)]
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {chosen})
        threading.Thread(
            target=_follow, args=(allowed, chosen), name="processor", daemon=True
        ).start()


def _follow(allowed: list[int], current: int) -> None:
    """Move to an idle processor when the current one is busy."""
    pause = threading.Event()
    before = _times(allowed)
    while True:
        pause.wait(_CHECK_EVERY)
        now = _times(allowed)
        better = better_one(current, idle_shares(before, now))
        before = now
        if better is not None:
            current = better
            for thread in Path("/proc/self/task").iterdir():
                with contextlib.suppress(OSError):  # it has ended
                    os.sched_setaffinity(int(thread.name), {current})


def better_one(current: int, idle: Mapping[int, float]) -> int | None:
    """Return the processor to move to, given the idle shares (0 to 1) of all; None: stay."""
    if not idle or idle.get(current, 1.0) > _BUSY:
        return None
    best = max(idle, key=lambda cpu: idle[cpu])
    return best if idle[best] > _IDLE_ENOUGH else None


def idle_shares(
    before: Mapping[int, tuple[int, int]], now: Mapping[int, tuple[int, int]]
) -> dict[int, float]:
    """Return processor → its idle share between two readings."""
    shares = {}
    for cpu in before.keys() & now.keys():
        idle, whole = (
            after - earlier for earlier, after in zip(before[cpu], now[cpu], strict=True)
        )
        if whole > 0:
            shares[cpu] = idle / whole
    return shares


def _times(cpus: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return processor → its idle time and its total time since boot, in ticks."""
    wanted = {f"cpu{cpu}": cpu for cpu in cpus}
    found = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
            name, *fields = line.split()
            if name in wanted:
                ticks = [int(field) for field in fields[:_GUEST]]
                found[wanted[name]] = sum(ticks[_IDLE]), sum(ticks)
    return found
