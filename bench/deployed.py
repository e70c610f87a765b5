"""A node as the chart deploys it: a server with TLS, and the daemon with its agent; what the agent costs."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from bench.processes import Plugin
from bench.report import Measured
from bench.service import serving
from fixtures import daemons
from rowhouse_cni.agent import ask_agent
from rowhouse_cni.answer import SUCCESS
from rowhouse_cni.client import identity_lines
from rowhouse_cni.environment import Call
from rowhouse_cni.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = 2000
IDLE_SECONDS = 20
"""The daemon has a round every 5 seconds."""

CALL_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The plugin with either way to a server with TLS, and the daemon's process id.

    `through` has no other way than the agent: a call that the agent does not carry fails.
    """

    direct: Plugin
    through: Plugin
    daemon: int


@contextlib.contextmanager
def deployed(folder: Path, conninfo: str, plugin: Path, config: bytes) -> Iterator[Deployed]:
    """The server and the daemon, as processes."""
    folder.mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem
    certificate.write_to_path(folder / "server.pem")
    with serving(folder, conninfo, "--tls-cert", str(folder / "server.pem")) as url:
        directly = folder / "direct.conf"
        directly.write_text(
            f"server = {url}\nca_file = {folder}/ca.pem\nnode = node2\nspool = {folder}/spool\n"
        )
        with _daemon(folder, url, plugin) as pid:
            ways = [
                Plugin(
                    binary=str(plugin.absolute()),
                    config=config,
                    environment={"ROWHOUSE_CONFIG": str(settings)},
                )
                for settings in (directly, folder / "config" / "rowhouse.conf")
            ]
            yield Deployed(direct=ways[0], through=ways[1], daemon=pid)


@contextlib.contextmanager
def _daemon(folder: Path, url: str, plugin: Path) -> Iterator[int]:
    (folder / "bin").mkdir()
    arguments = [
        *("run", "--node=node3", "--direct=false"),
        f"--plugin={plugin.parent.absolute()}",
        f"--bin-dir={folder}/bin",
        f"--config-dir={folder}/config",
        f"--state-dir={folder}/state",
        f"--agent={folder}/agent.sock",
        f"--server={url}",
        f"--ca-source={folder}/ca.pem",
        "--listen=127.0.0.1:0",
    ]
    process = daemons.start(arguments, folder / "daemon.log")
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def costs(node: Deployed) -> Iterator[Measured]:
    """CPU time of a call, and memory after all that the daemon did.

    One client sends calls straight to the socket. The daemon's own work, measured while no call comes, is subtracted.
    """
    _send(node.through, CALLS // 10, "warm")
    began, used = time.monotonic(), _cpu_seconds(node.daemon)
    time.sleep(IDLE_SECONDS)
    idle = (_cpu_seconds(node.daemon) - used) / (time.monotonic() - began)
    began, used = time.monotonic(), _cpu_seconds(node.daemon)
    _send(node.through, CALLS, "cost")
    spent = _cpu_seconds(node.daemon) - used - idle * (time.monotonic() - began)
    yield Measured(
        part="plugin",
        what="CPU time of the agent for a call",
        unit="ms",
        runs=(spent / CALLS * 1000,),
        target="<= 0.5",
    )
    yield Measured(
        part="plugin",
        what="  the daemon without calls: CPU time of a minute",
        unit="ms",
        runs=(idle * 60_000,),
    )
    yield Measured(
        part="plugin",
        what="memory of the node daemon with its agent",
        unit="MiB",
        runs=(_resident(node.daemon),),
        target="<= 30",
    )


def _send(plugin: Plugin, calls: int, name: str) -> None:
    """ADDs of pods of their own, one after another, as the plugin sends them."""
    settings = load({b"ROWHOUSE_CONFIG": os.fsencode(plugin.environment["ROWHOUSE_CONFIG"])})
    for number in range(calls):
        environment = plugin.call("ADD", f"{name}-{number}")
        call = Call({os.fsencode(key): os.fsencode(value) for key, value in environment.items()})
        lines = call.headers + identity_lines(settings)
        deadline = time.monotonic() + CALL_SECONDS
        answer = ask_agent(settings, "ADD", lines, plugin.config, deadline)
        if answer is None or answer.status != SUCCESS:
            raise RuntimeError(f"the agent did not carry call {number}: {answer and answer.body!r}")


def _cpu_seconds(pid: int) -> float:
    """User and system time of the threads that a process has.

    Not from its stat: that counts clock ticks, and a thread that wakes by a timer wakes at a tick.
    """
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def _resident(pid: int) -> float:
    """MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
