"""Experiments with plugins that call through their node's agent: agents are killed, stopped and restarted."""

from __future__ import annotations

import contextlib
import signal
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trustme

from faults import service
from faults.experiment import Load, Nemesis, Report, run
from faults.nodes import OPEN, OnlyServer
from faults.plugin_calls import Nodes, ThroughPlugin
from fixtures import daemons

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence
    from random import Random

    from faults.experiments import Laboratory
    from faults.postgres import Postgres

CLIENTS: Final = 4
"""Each is a node with a daemon of its own."""

START: Final = """
import sys
{before}
from rowhouse_node.command import main
sys.argv[0] = "rowhouse-node"
main()
"""
SECONDS: Final = 60.0
"""To wait for a daemon, at most."""


class Agent:
    """One node's daemon, as a process that can be replaced.

    Args:
        folder: the node's.
        sockets: a folder with a short path, because the kernel limits the path of a socket.
        arguments: of `rowhouse-node run`.
        before: code that runs before the daemon does, for a control.
    """

    def __init__(
        self, folder: Path, sockets: Path, arguments: Sequence[str], *, before: str = ""
    ) -> None:
        self.lock = threading.Lock()
        """Held by the one nemesis that strikes this agent."""
        self.socket = sockets / folder.name
        self._folder = folder
        self._arguments = [*arguments, f"--agent={self.socket}"]
        self._program = START.format(before=before)
        self._starts = 0
        self.start()

    @property
    def aside(self) -> Path:
        """The name that a plugin gives the socket of an agent that hangs."""
        return self.socket.with_name(self.socket.name + ".hung")

    def start(self) -> None:
        """Start it; return when it listens. Raises RuntimeError if it does not."""
        self._starts += 1
        log = self._folder / f"daemon-{self._starts}.log"
        self.process = daemons.start(
            ["run", *self._arguments], log, program=["-c", self._program], seconds=SECONDS
        )

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Stop it in order. Raises RuntimeError if it fails."""
        self.process.terminate()
        end(self.process)


class AgentNodes(Nodes):
    """Nodes whose plugin calls through an agent, and directly where there is none.

    Args:
        plugin: the executable.
        folder: for the nodes' files.
        sockets: for the agents' sockets.
        url: of the server.
        authority: the file of its certificate authority.
        before: code that runs before each daemon does, for a control.
    """

    def __init__(
        self,
        plugin: Path,
        folder: Path,
        sockets: Path,
        *,
        url: str,
        authority: Path,
        before: str = "",
    ) -> None:
        super().__init__(plugin, folder, lambda: [url])
        self.agents: list[Agent] = []
        self._sockets = sockets
        self._authority = authority
        self._before = before
        # The daemon installs this one; the calls are those of the plugin itself, which needs no copy on each node.
        self._installed = sockets / "plugin"
        (self._installed / "rowhouse.d").mkdir(parents=True)
        (self._installed / "rowhouse.d" / "version").write_text("1")
        (self._installed / "rowhouse").write_text("#!/bin/sh\n")

    def __call__(self, number: int) -> ThroughAgent:
        """The caller of a client: one node, whose daemon runs on return."""
        name = f"node{number}"
        folder = self.folder / name
        folder.mkdir(parents=True)
        arguments = [
            f"--plugin={self._installed}",
            f"--bin-dir={folder / 'bin'}",
            f"--config-dir={folder / 'config'}",
            f"--state-dir={folder}",
            f"--server={self.urls()[0]}",
            f"--ca-source={self._authority}",
            f"--node={name}",
            "--listen=127.0.0.1:0",
            "--period=1",
            "--timeout=60",  # longer than a hung agent is stopped
        ]
        (folder / "bin").mkdir()
        self.agents.append(Agent(folder, self._sockets, arguments, before=self._before))
        return ThroughAgent(self, name)

    def kill_agent(self, dice: Random) -> None:
        """kill -9 of an agent, some milliseconds into a call; another one starts."""
        with self._struck(dice) as agent:
            self.wait_for_calls(1)
            time.sleep(0.03 * dice.random())
            agent.kill()
            agent.start()

    def hang_agent(self, dice: Random) -> None:
        """SIGSTOP of an agent until a plugin has noticed and its node has made further calls, then SIGCONT."""
        with self._struck(dice) as agent:
            agent.process.send_signal(signal.SIGSTOP)
            try:
                deadline = time.monotonic() + SECONDS
                while not agent.aside.exists():
                    if time.monotonic() > deadline:
                        raise TimeoutError("no plugin has noticed that the agent hangs")
                    time.sleep(0.01)
                self.wait_for_calls(dice.randrange(20))
            finally:
                agent.process.send_signal(signal.SIGCONT)

    def restart_agent(self, dice: Random) -> None:
        """An upgrade: the next daemon takes over, or starts when the former one has ended."""
        with self._struck(dice) as agent:
            if dice.random() < 0.5:
                agent.stop()
                agent.start()
                return
            former = agent.process
            agent.start()
            former.terminate()
            end(former)

    def replay(self, seconds: float = 240.0) -> None:
        """Every kept DEL is sent, by the agents alone. Raises as `Nodes.replay` does."""
        deadline = time.monotonic() + seconds
        for spool in sorted(self.folder.glob("*/spool")):
            while names := self.kept_in(spool):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{names} are still kept")
                time.sleep(0.01)

    def stop(self) -> None:
        """Stop all agents in order. Raises RuntimeError if one fails."""
        for agent in self.agents:
            agent.stop()

    def kill(self) -> None:
        """End what still runs."""
        for agent in self.agents:
            agent.kill()

    @contextlib.contextmanager
    def _struck(self, dice: Random) -> Iterator[Agent]:
        agent = dice.choice(self.agents)
        with agent.lock:
            yield agent


class ThroughAgent(ThroughPlugin):
    """One node's calls, with the settings that its daemon writes."""

    def settings(self) -> Path:
        """The daemon's."""
        return self.folder / "config" / "rowhouse.conf"


def end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a daemon that was asked to end. Raises RuntimeError if it fails."""
    if status := process.wait(SECONDS):
        raise RuntimeError(f"the daemon ended with status {status}")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A database, the only server with TLS, and nodes with agents."""

    folder: Path
    nodes: AgentNodes
    server: OnlyServer
    postgres: Postgres

    def rest(self) -> str:
        """Send what is kept, and stop everything in order; where the database is."""
        self.nodes.replay()
        self.nodes.stop()
        self.server.stop()
        return self.postgres.conninfo()


@contextlib.contextmanager
def place(laboratory: Laboratory, *, before: str = "") -> Iterator[Place]:
    """A place for one experiment; `before` as for `Agent`."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agents-")))
        postgres = stack.enter_context(laboratory.database())
        port = stack.enter_context(service.reserved_port())
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem
        certificate.write_to_path(sockets / "server.pem")
        authority.cert_pem.write_to_path(sockets / "ca.pem")
        server = OnlyServer(
            stack,
            folder,
            postgres,
            bind=f"127.0.0.1:{port}",
            environment={"ROWHOUSE_TLS_CERT": str(sockets / "server.pem")},
        )
        nodes = AgentNodes(
            laboratory.plugin(),
            folder / "nodes",
            sockets,
            url=f"https://127.0.0.1:{port}",
            authority=sockets / "ca.pem",
            before=before,
        )
        stack.callback(nodes.kill)
        yield Place(folder=folder, nodes=nodes, server=server, postgres=postgres)


def through_agents(laboratory: Laboratory, *, times: int, plugin_kills: int) -> Report:
    """kill -9, SIGSTOP and restarts of agents, beside those of plugins and of the only server."""
    with place(laboratory) as here:
        nodes = here.nodes
        strikes = (
            ("kill -9 of an agent", nodes.kill_agent),
            ("SIGSTOP of an agent", nodes.hang_agent),
            ("agent restarted", nodes.restart_agent),
        )
        report = run(
            here.folder,
            nodes,
            seed=laboratory.seed,
            load=Load(clients=CLIENTS, calls=100, pools=OPEN),
            nemeses=[
                *(
                    Nemesis(name=name, strike=strike, times=times, calls_between=10)
                    for name, strike in strikes
                ),
                Nemesis(
                    name="kill -9 of a plugin",
                    strike=nodes.kill_one,
                    times=plugin_kills,
                    calls_between=4,
                ),
                Nemesis(
                    name="kill -9 of the only server",
                    strike=lambda _dice: here.server.outage(nodes),
                    times=max(1, times // 10),
                ),
            ],
            rest=here.rest,
        )
        report.strikes["DELs kept and replayed"] = nodes.kept
        return report
