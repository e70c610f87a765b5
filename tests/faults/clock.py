"""A wall clock that jumps, for all processes that run with its environment.

Not by libfaketime: with the monotonic clock left alone, its 0.9.10 lets clock_nanosleep() fail (EINVAL), which is
what Python sleeps with; with that clock jumping too, everything that waits sees what no machine ever shows it.
"""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("wall_clock.c")


class Clock:
    """The wall clock of all processes that run with `environment`; their monotonic clock stays true.

    `folder` is for its files; programs that run with it must be able to read them.
    """

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        library, seconds = folder / "wall_clock.so", folder / "seconds"
        compiler = shutil.which("cc")
        assert compiler is not None
        subprocess.run(
            [compiler, "-O1", "-Wall", "-shared", "-fPIC", "-o", library, SOURCE],
            check=True,
        )
        seconds.write_bytes(struct.pack("=q", 0))
        for readable in (library, seconds):
            readable.chmod(0o755)
        with seconds.open("r+b") as file:
            self._seconds = mmap.mmap(file.fileno(), 0)
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK": str(seconds)}

    def jump(self, seconds: int) -> None:
        """From now on it is `seconds` ahead of the true time, or behind it."""
        struct.pack_into("=q", self._seconds, 0, seconds)
