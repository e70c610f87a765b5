"""CPU time of a PostgreSQL server: it says more than elapsed time where other work runs on the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def of_sessions(postmaster: int) -> float:
    """Seconds of all sessions of a server so far, with their parallel workers."""
    # The workers that have ended count with the postmaster, which has waited for them.
    ended = _status(postmaster)
    seconds = (int(ended[13]) + int(ended[14])) / _TICKS
    for folder in _PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            if int(_status(int(folder.name))[1]) == postmaster and _is_session(folder):
                seconds += int((folder / "schedstat").read_text().split()[0]) / 1e9
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
    return seconds


def _status(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name of the program."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _is_session(folder: Path) -> bool:
    title = (folder / "cmdline").read_bytes()
    return b"[local]" in title or b"parallel worker" in title
