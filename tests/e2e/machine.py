"""Network namespaces and links with names of their own, all removed at the end."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NAME = 15


def ip(*words: str) -> Any:
    """Run `ip -json`; what it prints."""
    done = subprocess.run(["ip", "-json", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
    return json.loads(done.stdout) if done.stdout.strip() else None


@functools.cache
def kernel_has_ipvlan() -> bool:
    """Whether this kernel knows links of the type ipvlan. Without `ip`, the answer does not matter."""
    if shutil.which("ip") is None:
        return False
    tried = subprocess.run(
        ["ip", "link", "add", "name", "rh-probe", "type", "ipvlan"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "Unknown device type" not in tried.stderr


@dataclass(frozen=True)
class Namespace:
    """A network namespace: a pod's sandbox."""

    name: str

    @property
    def path(self) -> str:
        """What CNI_NETNS is."""
        return f"/var/run/netns/{self.name}"

    def links(self) -> list[str]:
        """The names of its links but for the loopback."""
        names = [link["ifname"] for link in ip("-netns", self.name, "link", "show")]
        return [name for name in names if name != "lo"]

    def addresses(self, link: str) -> list[str]:
        """The global addresses of a link, with prefix length, IPv4 first."""
        shown = ip("-netns", self.name, "address", "show", "dev", link, "scope", "global")
        return sorted(
            # Some versions of `ip` show what the scope leaves out as empty objects.
            (f"{entry['local']}/{entry['prefixlen']}" for entry in shown[0]["addr_info"] if entry),
            key=lambda text: (":" in text, text),
        )

    def routes(self, link: str) -> dict[str, str]:
        """The next hop of every route over a gateway; the destination as the kernel shows it."""
        shown = [
            route
            for family in ("-4", "-6")
            for route in ip("-netns", self.name, family, "route", "show", "dev", link) or []
        ]
        return {route["dst"]: route["gateway"] for route in shown if "gateway" in route}


@dataclass
class Machine:
    """The links and namespaces of one test."""

    mark: str = field(default_factory=lambda: f"{os.getpid() % 100000:x}{uuid.uuid4().hex[:5]}")
    _made: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _number: int = 0

    def name(self, kind: str) -> str:
        """A name for a link or a namespace that no other test has."""
        self._number += 1
        name = f"rh{kind}{self.mark}{self._number}"
        assert len(name) <= MAX_NAME
        return name

    def namespace(self) -> Namespace:
        """A fresh namespace, in which an IPv6 address is usable at once."""
        name = self.name("n")
        ip("netns", "add", name)
        self._made.callback(ip, "netns", "delete", name)
        # By the files themselves: not every PATH has sysctl.
        settings = [f"/proc/sys/net/ipv6/conf/{which}/accept_dad" for which in ("all", "default")]
        subprocess.run(
            ["ip", "netns", "exec", name, "tee", *settings],
            input=b"0\n",
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return Namespace(name)

    def master(self) -> str:
        """A link that macvlan and ipvlan links can stand on."""
        name, peer = self.name("m"), self.name("p")
        ip("link", "add", name, "type", "veth", "peer", "name", peer)
        self._made.callback(ip, "link", "delete", name)
        for end in (name, peer):
            ip("link", "set", end, "up")
        return name

    def bridge(self) -> str:
        """The name of a bridge that a plugin is going to make; it is removed at the end."""
        name = self.name("b")
        self._made.callback(_remove_if_there, name)
        return name

    def close(self) -> None:
        """Remove it all."""
        self._made.close()


def _remove_if_there(link: str) -> None:
    if any(found["ifname"] == link for found in ip("link", "show")):
        ip("link", "delete", link)


@contextlib.contextmanager
def machine() -> Iterator[Machine]:
    """A machine that leaves nothing behind."""
    made = Machine()
    try:
        yield made
    finally:
        made.close()
