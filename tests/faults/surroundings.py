"""Experiments with what is between and around server and database: PgBouncer, networks, slowness."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg.errors import DeadlockDetected

from faults import service
from faults.bouncer import Bouncer
from faults.callers import OverHttp
from faults.experiment import Nemesis, Report
from faults.namespaces import HOSTS, Network
from faults.postgres import PORT
from faults.proxy import Proxy
from fixtures.migrations import used, with_a_later_revision
from rowhouse.domain.errors import TryAgain
from rowhouse.store.connection import schema

if TYPE_CHECKING:
    from random import Random

    from faults.experiments import Laboratory

SECONDS: Final = 1.0
"""For which the clients of these experiments wait: less than what some of the faults last."""

SERVER: Final = "crowd"
"""A role that is no superuser: for those, PostgreSQL keeps some connections."""


def behind_pgbouncer(laboratory: Laboratory, *, calls: int, times: int) -> Report:
    """PgBouncer in transaction mode is killed, and so is the database behind it."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        postgres = stack.enter_context(laboratory.database())
        bouncer = Bouncer(laboratory.installed, postgres)
        stack.enter_context(bouncer.running())
        server = stack.enter_context(
            service.serving(
                folder,
                service.url_of(str(bouncer.folder)),
                environment={"ROWHOUSE_PREPARED_STATEMENTS": "false"},
            )
        )

        def restart_bouncer(_dice: Random) -> None:
            bouncer.kill()
            bouncer.start()

        def crash(_dice: Random) -> None:
            postgres.kill()
            postgres.start()

        return laboratory.run(
            folder,
            service.clients_of(server.url),
            calls=calls,
            nemeses=[
                Nemesis(name="kill -9 of PgBouncer", strike=restart_bouncer, times=times),
                Nemesis(name="kill -9 of the postmaster behind it", strike=crash, times=times),
            ],
            servers=[server],
            database=postgres,
        )


def slow_database(laboratory: Laboratory, *, calls: int, times: int) -> Report:
    """Each statement takes up to half a second longer, while clients wait for one second."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        postgres = stack.enter_context(laboratory.database())
        proxy = stack.enter_context(Proxy(f"{postgres.host}/.s.PGSQL.{PORT}"))
        url = service.url_of("127.0.0.1", port=proxy.port)
        server = stack.enter_context(service.serving(folder, url))

        def slow_down(dice: Random) -> None:
            proxy.delay = 0.5 * dice.random()
            time.sleep(2 * SECONDS)
            proxy.delay = 0.0

        return laboratory.run(
            folder,
            service.clients_of(server.url, seconds=SECONDS),
            calls=calls,
            nemeses=[Nemesis(name="slow database", strike=slow_down, times=times)],
            servers=[server],
            database=postgres,
        )


def migrations(laboratory: Laboratory, *, calls: int, times: int) -> Report:
    """A later revision replaces every function, view and trigger, and goes, while this server serves."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        postgres = stack.enter_context(laboratory.database())
        url = service.url_of(postgres.host)
        server = stack.enter_context(service.serving(folder, url, workers=2))
        copy = folder / "later"
        copy.mkdir()
        later = with_a_later_revision(copy)
        own = schema.head()

        def migrate(_dice: Random) -> None:
            for step in (partial(schema.upgrade, url), partial(schema.downgrade, url, own)):
                while True:  # a migration that gets no lock in time has changed nothing
                    with contextlib.suppress(TryAgain, DeadlockDetected), used(later):
                        step(lock_timeout="1s")
                        break

        return laboratory.run(
            folder,
            service.clients_of(server.url),
            calls=calls,
            nemeses=[Nemesis(name="upgrade and downgrade", strike=migrate, times=times)],
            servers=[server],
            database=postgres,
        )


def no_connections(laboratory: Laboratory, *, calls: int, times: int) -> Report:
    """Others take every connection that the database has, and the server's own are ended."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        postgres = stack.enter_context(laboratory.database(max_connections="20"))
        server = stack.enter_context(
            service.serving(folder, service.url_of(postgres.host, user=SERVER), workers=2)
        )

        def crowd_out(dice: Random) -> None:
            with contextlib.ExitStack() as crowd, postgres.session() as administrator:
                deadline = time.monotonic() + SECONDS + dice.random()
                while time.monotonic() < deadline:
                    with contextlib.suppress(psycopg.OperationalError):
                        crowd.enter_context(
                            psycopg.connect(postgres.conninfo().replace("postgres", SERVER, 1))
                        )
                        continue
                    administrator.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'rowhouse'"
                    )

        return laboratory.run(
            folder,
            service.clients_of(server.url),
            calls=calls,
            nemeses=[Nemesis(name="no connection left", strike=crowd_out, times=times)],
            servers=[server],
            database=postgres,
        )


def partitions(laboratory: Laboratory, *, calls: int, times: int) -> Report:
    """Nodes, server and database are hosts on one switch; the cable of one is pulled for up to three seconds."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(laboratory.place())
        network = Network()
        stack.enter_context(network.running())
        postgres = stack.enter_context(laboratory.database())
        with network.on("database"):
            proxy = Proxy(f"{postgres.host}/.s.PGSQL.{PORT}", (network.address("database"), PORT))
        stack.enter_context(proxy)
        server = stack.enter_context(
            service.serving(
                folder,
                service.url_of(network.address("database"), port=PORT),
                bind=f"{network.address('server')}:0",
                within=["ip", "netns", "exec", network.name("server")],
            )
        )

        def pull(dice: Random) -> None:
            host = dice.choice(HOSTS)
            network.pull(host)
            time.sleep(0.2 + 2.8 * dice.random())
            network.plug(host)

        def caller(number: int) -> OverHttp:
            return OverHttp(
                lambda: [server.url],
                f"node{number}",
                seconds=SECONDS,
                enter=lambda: network.move("nodes"),
            )

        return laboratory.run(
            folder,
            caller,
            calls=calls,
            nemeses=[Nemesis(name="partition", strike=pull, times=times)],
            servers=[server],
            database=postgres,
        )
