"""Finds and ends the processes that a dead PostgreSQL has left behind.

A backend exits when its postmaster dies, but only when it next waits: one that computes or is stopped stays, keeps
the shared memory, and prevents a new start. Without a postmaster it is of no use, and to kill it is safe: the next
start recovers from the WAL.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
CAN_SEE_PROCESSES: Final = Path("/proc/self/exe").exists()
_END_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process of PostgreSQL."""

    pid: int
    parent: int
    is_postmaster: bool


def processes(data: Path) -> list[Process]:
    """Return the processes of PostgreSQL in the directory `data`; none on systems without /proc."""
    try:
        place = data.stat()
        pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]
    except OSError:
        return []
    found = (_process(pid, (place.st_dev, place.st_ino)) for pid in pids)
    return [one for one in found if one is not None]


def end_orphans(data: Path) -> None:
    """Kill the backends in `data` whose postmaster has died, and wait a moment for their end."""
    if sys.platform != "linux":
        return
    with contextlib.ExitStack() as opened:
        # Opened before the second look: a descriptor never names a process with a reused id.
        descriptors: dict[int, int] = {}
        for found in processes(data):
            with contextlib.suppress(OSError):
                descriptors[found.pid] = os.pidfd_open(found.pid)
                opened.callback(os.close, descriptors[found.pid])
        present = processes(data)
        postmasters = {one.pid for one in present if one.is_postmaster}
        orphans = [
            descriptors[one.pid]
            for one in present
            if one.pid in descriptors
            and one.pid not in postmasters
            and one.parent not in postmasters
        ]
        for orphan in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(orphan, signal.SIGKILL)
        deadline = time.monotonic() + _END_SECONDS
        for orphan in orphans:
            select.select([orphan], [], [], max(0.0, deadline - time.monotonic()))


def _process(pid: int, place: tuple[int, int]) -> Process | None:
    folder = _PROC / str(pid)
    try:
        program = (folder / "exe").readlink().name.removesuffix(" (deleted)")
        where = (folder / "cwd").stat()
        if program != "postgres" or (where.st_dev, where.st_ino) != place:
            return None
        title = (folder / "cmdline").read_bytes()
        parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
    except OSError:  # it has ended, or is another user's
        return None
    # A backend's title is "postgres: ", PostgreSQL's name for it.
    return Process(pid, int(parent), is_postmaster=not title.startswith(b"postgres: "))
