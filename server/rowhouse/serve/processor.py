"""Keeps a server process on one processor, as only one of its threads runs Python at a time.

Threads that wake up on several processors fight for the interpreter's lock: each hand-over then wakes another
processor, and takes twice the time of the work itself. On one of them a process answers twice as many requests. It
moves when others keep that one busy while another has time; more capacity is more processes.
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
"""Idle share of a processor below which it has no time left."""

_AT_LEISURE: Final = 0.5
"""Idle share above which another one is worth the move."""

_IDLE: Final = slice(3, 5)
"""Of a line of /proc/stat, behind the name: idle and iowait (proc_stat(5))."""

_GUEST: Final = 8
"""From here on the fields count again what others count already."""


def stay_on_one(number: int) -> None:
    """Keep this process, all its threads to come included, on one of the processors that it may use.

    `number` tells apart the processes that shall not share one. Does nothing where there is but one, or where
    the system does not let us choose.
    """
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) == 1:
        return
    # (The parent's process id: two servers on one machine shall not both begin with the first.)
    chosen = allowed[(os.getppid() + number) % len(allowed)]
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {chosen})
        threading.Thread(
            target=_follow, args=(allowed, chosen), name="processor", daemon=True
        ).start()


def _follow(allowed: list[int], current: int) -> None:
    """Move to a processor that has time when ours has none."""
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
    """The processor to move to, by the idle shares (0 to 1) of all; None: stay."""
    if not idle or idle.get(current, 1.0) > _BUSY:
        return None
    best = max(idle, key=lambda cpu: idle[cpu])
    return best if idle[best] > _AT_LEISURE else None


def idle_shares(
    before: Mapping[int, tuple[int, int]], now: Mapping[int, tuple[int, int]]
) -> dict[int, float]:
    """Processor → the share of the time between two looks in which it had nothing to do."""
    shares = {}
    for cpu in before.keys() & now.keys():
        idle, whole = (
            after - earlier for earlier, after in zip(before[cpu], now[cpu], strict=True)
        )
        if whole > 0:
            shares[cpu] = idle / whole
    return shares


def _times(cpus: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Processor → its idle time and all of its time since the start, in ticks."""
    wanted = {f"cpu{cpu}": cpu for cpu in cpus}
    found = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
            name, *fields = line.split()
            if name in wanted:
                ticks = [int(field) for field in fields[:_GUEST]]
                found[wanted[name]] = sum(ticks[_IDLE]), sum(ticks)
    return found
