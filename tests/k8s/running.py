"""A controller as a process, and waiting for what it does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

MAX_WAIT_SECONDS = 60.0
HURRIED = Path(__file__).with_name("hurried.py")
PROMPT = ("--grace", "1s", "--settle", "1s", "--interval", "1s", "--listen", "127.0.0.1:0")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


@dataclass
class Running:
    """A controller and what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    def says(self, text: str) -> bool:
        return text in self.log.read_text()

    def metric(self, name: str) -> float:
        lines = self.get("/metrics")[1].splitlines()
        return float(next(line.split()[-1] for line in lines if line.startswith(f"{name} ")))

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of what it serves."""
        port = self.log.read_text().partition("health on 127.0.0.1:")[2].split()[0]
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
