"""Experiments with the plugin as a process: it is killed, its server is away, servers are replaced."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import TYPE_CHECKING, Final

from faults import service
from faults.experiment import Load, Nemesis, Report, run
from faults.plugin_calls import Nodes
from faults.pools import POOLS

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from faults.experiments import Laboratory
    from faults.postgres import Postgres
    from fixtures.servers import Server

OPEN: Final = tuple(dataclasses.replace(pool, certain=False) for pool in POOLS)
"""A DEL that is kept on a node is done for the runtime and not yet for the pool, so it may be full meanwhile."""


class OnlyServer:
    """One server at a time, in front of a database.

    Args:
        stack: of the experiment.
        folder: for the servers' files.
        postgres: the database.
        bind: where each of them listens.
        environment: further ROWHOUSE_ variables.
    """

    def __init__(
        self,
        stack: contextlib.ExitStack,
        folder: Path,
        postgres: Postgres,
        *,
        bind: str = "127.0.0.1:0",
        environment: dict[str, str] | None = None,
    ) -> None:
        self._stack = stack
        self._folder = folder
        self._postgres = postgres
        self._bind = bind
        self._environment = environment
        self.begin()

    @property
    def url(self) -> str:
        """Where it is now."""
        return self._server.url

    def begin(self) -> None:
        """Start one; return when it is ready."""
        self._own = self._stack.enter_context(contextlib.ExitStack())
        self._server = self._own.enter_context(
            service.serving(
                self._folder / f"server-{time.monotonic_ns()}",
                service.url_of(self._postgres.host),
                bind=self._bind,
                environment=self._environment,
            )
        )

    def outage(self, nodes: Nodes) -> None:
        """kill -9 of all its processes; the next one starts when five more DELs are kept, or after a minute."""
        workers = service.workers_of(self._server)  # while it is their parent
        self._server.process.kill()
        for worker in workers:
            service.kill(worker)
        self._own.close()
        before = nodes.kept
        deadline = time.monotonic() + 240
        while nodes.kept < before + 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        self.begin()

    def stop(self) -> None:
        """Stop it in order."""
        service.stop(self._server)


def plugin_kills(laboratory: Laboratory, *, kills: int, outages: int) -> Report:
    """kill -9 of plugins at work; and from time to time no server is there, so that DELs are kept."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        postgres = stack.enter_context(laboratory.database())
        server = OnlyServer(stack, folder, postgres)
        nodes = Nodes(laboratory.plugin(), folder / "nodes", lambda: [server.url])

        def rest() -> str:
            nodes.replay()
            server.stop()
            return postgres.conninfo()

        report = run(
            folder,
            nodes,
            seed=laboratory.seed,
            load=Load(clients=6, calls=100, pools=OPEN),
            nemeses=[
                Nemesis(
                    name="kill -9 of a plugin", strike=nodes.kill_one, times=kills, calls_between=4
                ),
                Nemesis(
                    name="kill -9 of the only server",
                    strike=lambda _dice: server.outage(nodes),
                    times=outages,
                ),
            ],
            rest=rest,
        )
        report.strikes["DELs kept and replayed"] = nodes.kept
        return report


def roll_outs(laboratory: Laboratory, *, calls: int, times: int) -> Report:
    """Servers are replaced one by one while plugins call: SIGTERM, as Kubernetes does it.

    The runtime must not notice: an outcome that is unknown counts as a contradiction here.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        postgres = stack.enter_context(laboratory.database())
        running: list[tuple[Server, contextlib.ExitStack]] = []
        urls: list[str] = []

        def begin_one() -> None:
            own = stack.enter_context(contextlib.ExitStack())
            place = folder / f"server-{time.monotonic_ns()}"
            server = own.enter_context(service.serving(place, service.url_of(postgres.host)))
            running.append((server, own))
            urls[:] = [one.url for one, _ in running]

        def replace_the_oldest(_dice: Random) -> None:
            begin_one()
            old, own = running.pop(0)
            service.stop(old)
            urls[:] = [one.url for one, _ in running]  # only now: no plugin knows it before
            own.close()

        begin_one()
        begin_one()
        nodes = Nodes(laboratory.plugin(), folder / "nodes", lambda: urls)

        def rest() -> str:
            for server, _ in running:
                service.stop(server)
            return postgres.conninfo()

        report = run(
            folder,
            nodes,
            seed=laboratory.seed,
            load=Load(clients=6, calls=calls),
            nemeses=[Nemesis(name="server replaced", strike=replace_the_oldest, times=times)],
            rest=rest,
        )
        noticed = {"of unknown outcome": report.verdict.ends["unknown"], "kept": nodes.kept}
        for what, number in noticed.items():
            if number:
                report.verdict.add("noticed", f"{number} calls of plugins {what}")
        return report
