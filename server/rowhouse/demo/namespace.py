"""A network namespace without a name, and so without a file: a process holds it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from rowhouse.demo.errors import DemoError
from rowhouse.demo.programs import run

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class NamespaceError(DemoError):
    """A namespace cannot be made or used; the message says why."""


class Namespace:
    """Lasts as long as the context, and never longer than the demo, even if the demo is killed.

    Args:
        label: what `ps` shows for its process.
    """

    def __init__(self, label: str) -> None:
        self._label = label

    def __enter__(self) -> Self:
        # Like a pod's pause container. Its `read` ends when this process closes the pipe or dies.
        command = ["unshare", "-n", "/bin/sh", "-c", "echo up; read -r _", self._label]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C must reach only the demo, which cleans up in order
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        if self._process.stdout.readline() != "up\n":
            words = self._process.stderr.read().strip()
            self.__exit__(None, None, None)
            raise NamespaceError(f"unshare -n: {words}")
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()
        self._process.wait()

    @property
    def path(self) -> str:
        """Its file, for CNI_NETNS."""
        return f"/proc/{self._process.pid}/ns/net"

    @property
    def enter(self) -> list[str]:
        """The start of a command line that runs in this namespace."""
        return ["nsenter", "-t", str(self._process.pid), "-n"]

    def run(self, *command: str) -> str:
        """Run a command in this namespace and return its output.

        Raises:
            NamespaceError: it failed.
        """
        done = run([*self.enter, *command])
        if done.returncode != 0:
            raise NamespaceError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout
