"""The clock of the experiments jumps as a true one does: nothing but the wall clock changes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from faults.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400
# For each line that it reads, after a sleep and a wait of a thread: the wall clock, however it is asked for, and the
# monotonic one.
ASKED = """
import datetime, sys, threading, time
for _ in sys.stdin:
    time.sleep(0.001)
    threading.Event().wait(0.001)
    walls = time.time(), time.clock_gettime(time.CLOCK_REALTIME), datetime.datetime.now().timestamp()
    print(min(walls), max(walls), time.monotonic(), flush=True)
"""


@pytest.mark.needs("cc")
def test_a_process_sees_each_jump_and_sleeps_as_before(tmp_path: Path) -> None:
    """Nearly a day, so that no slow machine can make up for it."""
    clock = Clock(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", ASKED],
        env=clock.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def look() -> tuple[float, float, float]:
            process.stdin.write("\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            earliest, latest, monotonic = map(float, process.stdout.readline().split())  # type: ignore[union-attr]
            return earliest, latest, monotonic

        true = look()
        for jump in (DAY, -DAY, 0):
            clock.jump(jump)
            now = look()
            passed = now[2] - true[2]
            assert 0 < passed < DAY / 4
            assert abs(now[0] - true[0] - jump) < DAY / 4
            assert abs(now[1] - true[1] - jump) < DAY / 4
        process.stdin.close()
