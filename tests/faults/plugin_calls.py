"""Calls of the plugin as a process, as a runtime makes them; a test may kill it meanwhile."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Final

from faults.callers import INTERFACE, UNKNOWN, Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from random import Random

    from faults.pools import Pool

CERTAIN: Final = range(100, 200)
"""CNI codes with which the server says that it did not do it."""


class Nodes:
    """Nodes with the plugin: each has settings and a spool of its own.

    Args:
        plugin: the executable.
        folder: for their files.
        urls: of the servers, which may change.
    """

    def __init__(self, plugin: Path, folder: Path, urls: Callable[[], Sequence[str]]) -> None:
        self.plugin = plugin
        self.folder = folder
        self.urls = urls
        self.running: set[subprocess.Popen[bytes]] = set()
        self.kept = 0
        """DELs that went into a spool."""
        self.calls = 0
        """Calls that have begun."""
        self._changed = threading.Condition()

    def __call__(self, number: int) -> ThroughPlugin:
        """The caller of a client: one node."""
        return ThroughPlugin(self, f"node{number}")

    def kill_one(self, dice: Random, *, seconds: float = 240.0) -> None:
        """kill -9 of a plugin at work, some milliseconds into it. Raises TimeoutError if none comes."""
        with self._changed:
            self._wait(lambda: bool(self.running), seconds)
            one = dice.choice(sorted(self.running, key=lambda process: process.pid))
        time.sleep(0.03 * dice.random())
        one.kill()

    def wait_for_calls(self, number: int, *, seconds: float = 240.0) -> None:
        """Return when so many more calls have begun. Raises TimeoutError if they do not."""
        with self._changed:
            wanted = self.calls + number
            self._wait(lambda: self.calls >= wanted, seconds)

    def _wait(self, claim: Callable[[], bool], seconds: float) -> None:
        if not self._changed.wait_for(claim, seconds):
            raise TimeoutError("no plugin runs")

    def run(self, environment: dict[str, str], netconf: bytes) -> tuple[int, bytes, bytes]:
        """Exit status (negative: killed), standard output and error."""
        process = subprocess.Popen(
            [self.plugin],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        with self._changed:
            self.running.add(process)
            self.calls += 1
            self._changed.notify_all()
        try:
            out, err = process.communicate(netconf)
        finally:
            with self._changed:
                self.running.discard(process)
                self.kept += b"DEL is kept" in err
        return process.returncode, out, err

    def replay(self, seconds: float = 240.0) -> None:
        """Every kept DEL is sent, by calls of the plugin alone.

        Raises TimeoutError if that takes too long, and RuntimeError if one was refused for good.
        """
        deadline = time.monotonic() + seconds
        for node in sorted(self.folder.iterdir()):
            spool = node / "spool"
            while names := self.kept_in(spool):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{names} are still kept")
                ThroughPlugin(self, node.name).status()

    @staticmethod
    def kept_in(spool: Path) -> list[str]:
        """The names of kept DELs. Raises RuntimeError if one was refused for good, and all others are sent."""
        names = [one.name for one in spool.glob("[!.]*")]
        if names == ["refused"]:
            raise RuntimeError(f"{list((spool / 'refused').iterdir())} were refused")
        return names


class ThroughPlugin:
    """One node's calls."""

    def __init__(self, nodes: Nodes, name: str) -> None:
        self._nodes = nodes
        self.folder = nodes.folder / name
        self._name = name

    def add(self, pool: Pool, pod: str, container: str) -> Answer:
        """ADD of a sandbox of a pod."""
        return self._call("ADD", pool, pod, container)

    def delete(self, pool: Pool, pod: str, container: str) -> Answer:
        """DEL of it."""
        return self._call("DEL", pool, pod, container)

    def close(self) -> None:
        """Nothing is held."""

    def status(self) -> None:
        """A call that asks for nothing, but lets the plugin send what it has kept."""
        self._nodes.run(
            self._environment("STATUS", "", "", ""), b'{"cniVersion": "1.1.0", "ipam": {}}'
        )

    def _call(self, command: str, pool: Pool, pod: str, container: str) -> Answer:
        environment = self._environment(command, pool.name, pod, container)
        status, out, _err = self._nodes.run(environment, pool.netconf())
        if status == 0:
            ips = json.loads(out)["ips"] if command == "ADD" else ()
            return Answer(phase="ok", addresses=tuple(ip["address"].split("/")[0] for ip in ips))
        if status < 0 or not out:
            return UNKNOWN
        code = json.loads(out)["code"]
        return Answer(phase="failed" if code in CERTAIN else "unknown", code=code)

    def settings(self) -> Path:
        """The settings file, with the servers as they are now."""
        settings = self.folder / "rowhouse.conf"
        wanted = (
            f"server = {' '.join(self._nodes.urls())}\nnode = {self._name}\n"
            f"spool = {self.folder / 'spool'}\n"
        )
        if not settings.exists() or settings.read_text() != wanted:
            self.folder.mkdir(parents=True, exist_ok=True)
            written = settings.with_suffix(".new")
            written.write_text(wanted)
            written.rename(settings)
        return settings

    def _environment(
        self, command: str, namespace: str, pod: str, container: str
    ) -> dict[str, str]:
        return {
            "ROWHOUSE_CONFIG": str(self.settings()),
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": container,
            "CNI_IFNAME": INTERFACE,
            "CNI_NETNS": f"/run/netns/{container}",
            "CNI_PATH": "/opt/cni/bin",
            "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAMESPACE={namespace};K8S_POD_NAME={pod}",
        }
