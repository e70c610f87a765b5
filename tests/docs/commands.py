"""Commands in fenced blocks of a Markdown page, and a shell that runs them.

A `console` block has commands, each after `$ `, and what they print; `…` stands for anything. An `sh`
block is a script that must succeed. Other blocks are no commands.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = re.compile(
    r"^```(?P<language>console|sh)\n(?P<text>.*?)^```$|^<!-- test: (?P<order>.*?) -->$",
    re.MULTILINE | re.DOTALL,
)
_END = "--- end of output ---"
STOP = "stop the server"


@dataclass(frozen=True)
class Command:
    """`text` as typed on line `line`; `expected` None: whatever it prints, it must succeed."""

    line: int
    text: str
    expected: str | None


def commands(page: str) -> Iterator[Command]:
    """The commands of a page, in order; an order to the test is one with the text `STOP`."""
    for block in _BLOCK.finditer(page):
        line = page.count("\n", 0, block.start()) + 1
        if block["order"]:
            yield Command(line, block["order"], None)
        elif block["language"] == "sh":
            yield Command(line, block["text"], None)
        else:
            yield from _typed(block["text"], line)


def _typed(text: str, line: int) -> Iterator[Command]:
    begun: tuple[int, str] | None = None
    printed: list[str] = []
    for number, content in enumerate(text.splitlines(), line + 1):
        if content.startswith("$ "):
            if begun:
                yield Command(*begun, "\n".join(printed))
            begun, printed = (number, content.removeprefix("$ ")), []
        else:
            assert begun, f"line {number}: output without a command"
            printed.append(content)
    if begun:
        yield Command(*begun, "\n".join(printed))


def matches(expected: str, printed: str) -> bool:
    """Whether a command printed what the page says, but for blanks at the ends of lines."""
    pattern = ".*?".join(map(re.escape, _trimmed(expected).split("…")))
    return re.fullmatch(pattern, _trimmed(printed), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


class Terminals:
    """Two terminals in `folder`: a shell, and the server in the foreground of the other one.

    Whatever listens on the documented port would be in the way, so it is another one: `port`.
    """

    def __init__(self, folder: Path, *, port: int, environment: dict[str, str]) -> None:
        self._folder = folder
        self._port = str(port)
        self._environment = environment
        self._stack = contextlib.ExitStack()
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._shell = self._stack.enter_context(
            subprocess.Popen(
                ["bash", "--norc", "--noprofile"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_server()
        self._stack.close()

    def run(self, command: str) -> tuple[int, str]:
        """Run a command, or start the server; its exit status and what it printed."""
        command = command.replace("8080", self._port)
        if "rowhouse serve" in command:
            return 0, self._start_server(command)
        script = self._folder / ".script"
        script.write_text(command + "\n")
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f'. ./.script </dev/null; echo "{_END} $?"\n')
        self._shell.stdin.flush()
        printed = ""
        for line in self._shell.stdout:
            before, end, status = line.partition(_END)
            printed += before
            if end:
                return int(status), self._as_documented(printed)
        raise AssertionError(f"the shell ended: {printed}")

    def stop_server(self) -> None:
        """Ctrl-C in the other terminal."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(timeout=240)
            self._server = None

    def _start_server(self, command: str) -> str:
        output, log = self._folder / ".server-output", self._folder / ".server-log"
        with output.open("w") as printed, log.open("w") as logged:
            self._server = subprocess.Popen(
                [*command.split(), "--bind", f"127.0.0.1:{self._port}"],
                cwd=self._folder,
                env=self._environment,
                stdout=printed,
                stderr=logged,
                text=True,
            )
        deadline = time.monotonic() + 60
        while "listening" not in output.read_text():
            assert self._server.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return self._as_documented(output.read_text())

    def _as_documented(self, printed: str) -> str:
        return printed.replace(self._port, "8080")
