"""Three hosts on one switch, each a network namespace; the cable of each can be pulled. Needs root."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import time
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Host = Literal["nodes", "server", "database"]
HOSTS: Final[tuple[Host, ...]] = ("nodes", "server", "database")

_NEW_NET: Final = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """The hosts are 10.77.0.1, .2 and .3. A pulled cable drops packets silently."""

    def __init__(self) -> None:
        self._prefix = f"rhf{os.getpid()}-{time.monotonic_ns() % 1_000_000}"

    def name(self, host: Host) -> str:
        """The namespace."""
        return f"{self._prefix}-{host}"

    @staticmethod
    def address(host: Host) -> str:
        """The address of a host."""
        return f"10.77.0.{HOSTS.index(host) + 1}"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """All of it is there while the context lasts."""
        with contextlib.ExitStack() as stack:
            for name in (self._switch, *map(self.name, HOSTS)):
                _ip("netns", "add", name)
                stack.callback(_ip, "netns", "delete", name)
                _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", self._switch, "link", "add", "br0", "type", "bridge")
            _ip("-n", self._switch, "link", "set", "br0", "up")
            for host in HOSTS:
                own = self.name(host)
                _ip("-n", self._switch, "link", "add", host, "type", "veth",
                    "peer", "name", "eth0", "netns", own)  # fmt: skip
                _ip("-n", own, "address", "add", f"{self.address(host)}/24", "dev", "eth0")
                _ip("-n", own, "link", "set", "eth0", "up")
                _ip("-n", self._switch, "link", "set", host, "up", "master", "br0")
            yield

    @property
    def _switch(self) -> str:
        return f"{self._prefix}-switch"

    def pull(self, host: Host) -> None:
        """The switch does not forward to and from the host any more; both ends see a link that is up."""
        _ip("-n", self._switch, "link", "set", host, "nomaster")

    def plug(self, host: Host) -> None:
        """It does again."""
        _ip("-n", self._switch, "link", "set", host, "master", "br0")

    @contextlib.contextmanager
    def on(self, host: Host) -> Iterator[None]:
        """What this thread opens meanwhile, it opens on that host."""
        with open("/proc/thread-self/ns/net") as home:  # noqa: PTH123 - a descriptor is wanted
            self.move(host)
            try:
                yield
            finally:
                _set(home.fileno())

    def move(self, host: Host) -> None:
        """This thread is on that host from now on."""
        with open(f"/run/netns/{self.name(host)}") as there:  # noqa: PTH123
            _set(there.fileno())


def _set(descriptor: int) -> None:
    if _libc.setns(descriptor, _NEW_NET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
