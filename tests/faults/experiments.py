"""The experiments of docs/reliability.md: what is started, what strikes, and what must come of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from faults import service
from faults.experiment import Load, Nemesis, Report, run
from faults.proxy import CUTS, Proxy
from faults.replicas import Pair
from faults.small_disk import SmallDisk
from fixtures.plugins import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from faults.callers import Caller
    from faults.postgres import Installation, Postgres
    from fixtures.servers import Server

LOST: Final = frozenset({"acknowledged and lost", "history disagrees", "two owners"})
"""What a lost transaction may look like: its address is not there, or has another owner."""


@dataclass(kw_only=True)
class Laboratory:
    """Where experiments run: PostgreSQL, a cluster with the schema to copy, a folder, the seed."""

    installed: Installation
    template: Postgres
    folder: Path
    seed: str

    def plugin(self) -> Path:
        """The plugin as `make plugin` builds it, from the sources as they are; built when it is first asked for."""
        folder = self.folder / "plugin"
        if not folder.exists():
            subprocess.run(
                [sys.executable, "-m", "plugin_bundle", folder],
                env={**os.environ, "PYTHONPATH": str(SOURCES)},
                capture_output=True,
                check=True,
            )
        return folder / "rowhouse"

    @contextlib.contextmanager
    def place(self) -> Iterator[Path]:
        """A folder for one experiment: its journal, its servers' logs. Kept if it fails."""
        made = Path(tempfile.mkdtemp(prefix="experiment-", dir=self.folder))
        yield made
        shutil.rmtree(made)

    def run(
        self,
        folder: Path,
        caller: Callable[[int], Caller],
        *,
        calls: int,
        nemeses: Sequence[Nemesis],
        servers: Sequence[Server],
        database: Postgres,
    ) -> Report:
        """Clients call while something strikes; then the servers are stopped in order, and the database is judged."""

        def rest() -> str:
            for server in servers:
                service.stop(server)
            return database.conninfo()

        return self.run_until_rest(folder, caller, calls=calls, nemeses=nemeses, rest=rest)

    def run_until_rest(
        self,
        folder: Path,
        caller: Callable[[int], Caller],
        *,
        calls: int,
        nemeses: Sequence[Nemesis],
        rest: Callable[[], str],
    ) -> Report:
        """As `run`, with a way to come to rest of one's own: it says where the database is."""
        return run(
            folder,
            caller,
            seed=self.seed,
            load=Load(calls=calls),
            nemeses=nemeses,
            rest=rest,
        )

    @contextlib.contextmanager
    def database(self, **settings: str) -> Iterator[Postgres]:
        """A running copy of the cluster, durable unless the settings say otherwise."""
        postgres = self.installed.copy(self.template, f"db{time.monotonic_ns()}")
        try:
            postgres.start(settings)
            yield postgres
        finally:
            postgres.discard()


def crashes(
    laboratory: Laboratory,
    *,
    calls: int,
    worker_kills: int,
    postmaster_kills: int,
    cuts: int = 0,
    synchronous_commit: str = "on",
) -> Report:
    """kill -9 of server workers and of the postmaster, and wires cut in the middle of a commit, all at once.

    With `synchronous_commit` off, PostgreSQL acknowledges what it has not written yet: a control.
    """
    settings = {"synchronous_commit": synchronous_commit}
    if synchronous_commit == "off":
        settings["wal_writer_delay"] = "10s"
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        postgres = stack.enter_context(laboratory.database(**settings))
        proxy = stack.enter_context(Proxy(f"{postgres.host}/.s.PGSQL.5432"))
        url = (
            service.url_of("127.0.0.1", port=proxy.port) if cuts else service.url_of(postgres.host)
        )
        server = stack.enter_context(service.serving(folder, url, workers=2))

        def crash(_dice: Random) -> None:
            postgres.kill()
            postgres.start()

        nemeses = [
            Nemesis(
                name="kill -9 of a worker",
                strike=lambda dice: service.kill_a_worker(server, dice),
                times=worker_kills,
                calls_between=_between(calls, worker_kills),
            ),
            Nemesis(
                name="kill -9 of the postmaster",
                strike=crash,
                times=postmaster_kills,
                calls_between=_between(calls, postmaster_kills),
            ),
            Nemesis(
                name="commit cut",
                strike=lambda dice: proxy.cut(dice.choice(CUTS)),
                times=cuts,
                calls_between=_between(calls, cuts),
            ),
        ]
        return laboratory.run(
            folder,
            service.clients_of(server.url),
            calls=calls,
            nemeses=[nemesis for nemesis in nemeses if nemesis.times],
            servers=[server],
            database=postgres,
        )


def _between(calls: int, times: int) -> int:
    """Answered calls between two strikes that are spread over all of them."""
    return max(5, calls // (times + 1))


def promotions(
    laboratory: Laboratory, *, calls: int, times: int, synchronous: bool = True
) -> Report:
    """The primary is lost while its standby lags, the standby is promoted, and so on to and fro.

    Asynchronous, that loses what was acknowledged: a control.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        pair = stack.enter_context(
            Pair.of(laboratory.installed, laboratory.template, synchronous=synchronous)
        )
        server = stack.enter_context(
            service.serving(folder, service.url_of(*pair.hosts), workers=2)
        )

        def rest() -> str:
            service.stop(server)
            return pair.primary.conninfo()

        return run(
            folder,
            service.clients_of(server.url),
            seed=laboratory.seed,
            load=Load(calls=calls),
            nemeses=[
                Nemesis(
                    name="promotion of the standby",
                    strike=pair.lose_the_primary,
                    times=times,
                    calls_between=200,
                )
            ],
            rest=rest,
        )


def full_disks(laboratory: Laboratory, *, calls: int, times: int) -> Report:
    """The database's disk fills up, and some time later there is room again. Needs root."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        disk = stack.enter_context(SmallDisk(laboratory.installed, megabytes=192))
        postgres = laboratory.installed.copy(laboratory.template, "small", under=disk.folder)
        stack.callback(postgres.discard)
        postgres.start({"max_wal_size": "48MB", "wal_keep_size": "0", "min_wal_size": "32MB"})
        server = stack.enter_context(
            service.serving(folder, service.url_of(postgres.host), workers=2)
        )

        def fill(dice: Random) -> None:
            disk.fill()
            try:
                _until_it_hurts(postgres, dice)
            finally:
                disk.clear()
            if not postgres.is_running():  # it cannot go on without its log; an administrator can
                postgres.start()

        def rest() -> str:
            service.stop(server)
            postgres.stop()
            postgres.verify_checksums()
            postgres.start()
            return postgres.conninfo()

        return run(
            folder,
            service.clients_of(server.url),
            seed=laboratory.seed,
            load=Load(calls=calls),
            nemeses=[Nemesis(name="disk full", strike=fill, times=times, calls_between=200)],
            rest=rest,
        )


def _until_it_hurts(postgres: Postgres, dice: Random) -> None:
    """Returns when the database has said that its disk is full, or died of it.

    What it has in store for its log is used up by switching to the next file, again and again.
    """
    words = "No space left on device"
    before = postgres.log().count(words)
    deadline = time.monotonic() + 240
    while postgres.is_running() and postgres.log().count(words) <= before + dice.randrange(3):
        if time.monotonic() > deadline:
            raise TimeoutError("the disk is full and the database has not noticed")
        with contextlib.suppress(psycopg.Error):
            postgres.query("SELECT pg_switch_wal()")
        time.sleep(0.05)


def freezes(laboratory: Laboratory, *, calls: int, times: int) -> Report:
    """The network between server and database goes silent for longer than the clients wait."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        postgres = stack.enter_context(laboratory.database())
        proxy = stack.enter_context(Proxy(f"{postgres.host}/.s.PGSQL.5432"))
        url = service.url_of("127.0.0.1", port=proxy.port)
        server = stack.enter_context(service.serving(folder, url))

        def freeze(dice: Random) -> None:
            proxy.silence()
            try:
                time.sleep(0.5 + dice.random())  # longer than the clients of this experiment wait
            finally:
                proxy.speak()

        return laboratory.run(
            folder,
            service.clients_of(server.url, seconds=0.4),
            calls=calls,
            nemeses=[Nemesis(name="silent network", strike=freeze, times=times)],
            servers=[server],
            database=postgres,
        )
