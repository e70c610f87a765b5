"""The CNI calls of a real containerd and multus, pod by pod."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.calls import Call

_FOLDER = Path(__file__).parents[2] / "recorded" / "cni"
_ADDRESS = re.compile(r'"(\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]*:[0-9a-f:]*)/(\d+)"')
FILES = sorted(
    file.stem
    for file in _FOLDER.glob("*.json")
    if file.stem not in {"counts", "multus-cache", "kept-dels-of-the-plugin"}
)
# The calls that must come first, as these pods were there at the same time.
BEFORE = {
    "rowhouse-full-a": ("rowhouse-full-b", "rowhouse-full-c"),
    "rowhouse-taken": ("rowhouse-ips",),
    "whereabouts-full-b": ("whereabouts-full-a", "whereabouts-full-c"),
}


@dataclass(frozen=True)
class Recorded:
    """A call of our plugin or of whereabouts, and what it answered."""

    number: int
    plugin: str
    environment: dict[str, str]
    stdin: str
    exit_status: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        return f"{self.number} {self.plugin} {self.command} {self.environment['CNI_IFNAME']}"

    @property
    def command(self) -> str:
        return self.environment["CNI_COMMAND"]

    @property
    def call(self) -> Call:
        """The call as the runtime made it."""
        return Call(env=self.environment, stdin=self.stdin.encode())

    @property
    def server(self) -> str:
        """What the server was doing at that moment, as `url_of` names it."""
        said = self.stdout + self.stderr if self.exit_status else self.stderr
        if "DEL is kept" in self.stderr or self.exit_status:
            if "no Rowhouse server" in said or "time limit exceeded" in said:
                return "down"
            if "can't take" in said or "no database connection" in said:
                return "no database"
        return "default"


def calls_of(file: str) -> list[Recorded]:
    """The calls of IPAM plugins in a file, in their order."""
    recorded = json.loads((_FOLDER / f"{file}.json").read_bytes())["calls"]
    return [
        Recorded(
            number=number,
            plugin=one["plugin"],
            environment=one["environment"],
            stdin=one["stdin"],
            exit_status=one["exit"],
            stdout=one["stdout"],
            stderr=one.get("stderr", ""),
        )
        for number, one in enumerate(recorded)
        if one["plugin"] in {"rowhouse", "whereabouts"}
    ]


def masked(stdout: str, *, wanted: set[str]) -> str:
    """A result in which each address that was not asked for is its network."""

    def network(found: re.Match[str]) -> str:
        if found[1] in wanted:
            return found[0]
        return f'"{ipaddress.ip_interface(f"{found[1]}/{found[2]}").network}"'

    return _ADDRESS.sub(network, stdout)


def asked_for(stdin: str) -> set[str]:
    """The addresses that a configuration asks for."""
    config: Any = json.loads(stdin)
    ips = (config.get("runtimeConfig") or {}).get("ips") or []
    return {ip.partition("/")[0] for ip in ips}
