"""`rowhouse serve`: the service."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
import time
from pathlib import Path

import click

from rowhouse import telemetry
from rowhouse.auth.anonymous_access import is_loopback, settled_mode
from rowhouse.cli.exits import Failure
from rowhouse.domain.defaults import SERVE_BIND
from rowhouse.domain.errors import NotReady, TryAgain
from rowhouse.embedded import EmbeddedPostgres
from rowhouse.serve import serve as serve_http
from rowhouse.serve.shutdown import exit_at_once
from rowhouse.settings import Settings, names_database
from rowhouse.store.connection import schema
from rowhouse.store.connection.data_source import PASSWORD_FILE, URL_FILE
from rowhouse.store.connection.database import Database

_DATABASE_URL = "ROWHOUSE_DATABASE_URL"
_DATABASE_VARIABLES = (_DATABASE_URL, URL_FILE, PASSWORD_FILE)
_DATABASE = "rowhouse"
_LETTING_GO_SECONDS = 5.0
_FILE = click.Path(exists=True, dir_okay=False)


def _default_directory() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/rowhouse")
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "rowhouse"


class _Address(click.ParamType[str]):
    """HOST:PORT or [HOST]:PORT, kept as it was written."""

    name = "HOST:PORT"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        _host, colon, port = value.rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the last port
            self.fail(f"{value!r} is not HOST:PORT", param, ctx)
        return value


@click.command()
@click.option(
    "--embedded",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    is_flag=False,
    flag_value=_default_directory(),
    help="Start a PostgreSQL of our own and keep its data in this directory "
    f"(without one: {_default_directory()}).",
)
@click.option("--bind", type=_Address(), default=SERVE_BIND, show_default=True)
@click.option("--threads", type=click.IntRange(1, 1000), default=64, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the URL into this file once requests are served.",
)
@click.option("--tls-cert", type=_FILE, help="Speak HTTPS with the certificate in this file.")
@click.option("--tls-key", type=_FILE, help="Its private key, unless that is in the same file.")
@click.option(
    "--insecure", is_flag=True, help="Let everybody do everything, whatever address is bound."
)
def serve(
    *,
    directory: Path | None,
    bind: str,
    threads: int,
    workers: int,
    ready_file: Path | None,
    tls_cert: str | None,
    tls_key: str | None,
    insecure: bool,
) -> None:
    """Serve the CNI plugins and the API over HTTP.

    The database is the one in ROWHOUSE_DATABASE_URL, or in the file that
    ROWHOUSE_DATABASE_URL_FILE names, its schema brought up to date by `rowhouse
    db upgrade`; or, with --embedded, one that we start, migrate and stop ourselves.
    """
    if directory is None and not names_database(os.environ):
        raise click.UsageError(
            "no database: name one in ROWHOUSE_DATABASE_URL=postgresql://user:password@host/name"
            f" or in a file that {URL_FILE} names, or let us start one with --embedded"
        )
    named = [variable for variable in _DATABASE_VARIABLES if os.environ.get(variable)]
    if directory is not None and named:
        raise click.UsageError(f"--embedded and {named[0]} are two databases: choose one")
    _await_address(bind)
    # Until gunicorn takes over: as process 1 of a container nothing else would end us.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with contextlib.ExitStack() as stack:
        stack.push(_leave)
        environment = dict(os.environ)
        if directory is not None:
            postgres = stack.enter_context(EmbeddedPostgres(directory))
            postgres.create_database(_DATABASE)
            environment[_DATABASE_URL] = postgres.url(_DATABASE)
            schema.upgrade(environment[_DATABASE_URL])
            click.echo(f"rowhouse: database {postgres.conninfo(_DATABASE)}")
        settings = Settings.from_environment(environment)
        telemetry.configure_logging(level=settings.log_level)
        given = {"tls_cert": tls_cert, "tls_key": tls_key, "auth": "off" if insecure else None}
        settings = settings.model_copy(update={name: new for name, new in given.items() if new})
        if settings.tls_key and not settings.tls_cert:
            raise click.UsageError("--tls-key without --tls-cert: there is no certificate for it")
        settings = _settled(settings, bind)
        serve_http(settings, bind=bind, threads=threads, workers=workers, ready_file=ready_file)


def _leave(_kind: object, ended: BaseException | None, _trace: object) -> None:
    """After all else: what we stopped for was a signal, so nothing is left to be done."""
    if isinstance(ended, SystemExit) and not isinstance(ended.code, str):
        exit_at_once(ended.code or 0)


def _await_address(bind: str) -> None:
    """Fail if nobody can listen there, before a database is made for nothing.

    A server that was killed there a moment ago gets the time to let go of it.
    """
    host, _colon, port = bind.rpartition(":")
    deadline = time.monotonic() + _LETTING_GO_SECONDS
    while True:
        try:
            family, kind, protocol, _name, address = socket.getaddrinfo(
                host.strip("[]") or None,
                int(port),
                type=socket.SOCK_STREAM,
                flags=socket.AI_PASSIVE,
            )[0]
            with socket.socket(family, kind, protocol) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(address)
                # Two that may reuse an address can both bind it; only one of them can listen.
                tried.listen()
                return
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            raise Failure(
                f"--bind {bind}: {error.strerror or error}",
                hint="Stop what listens there, or choose another address; port 0 takes a free one.",
            ) from error


def _warn_unless_ready(store: Database) -> None:
    """Name what an operator has to do, such as a grant, at the start too. A database that is away may come."""
    try:
        schema.check_engine(store.engine)
    except TryAgain:
        return
    except NotReady as error:
        click.echo(f"rowhouse: WARNING: not ready: {error.message}. {error.hint}", err=True)


def _settled(settings: Settings, bind: str) -> Settings:
    """The settings with the mode of access that fits where the server listens."""
    store = Database(settings.database, pool_size=1, wait=settings.pool_timeout)
    try:
        mode = settled_mode(settings.auth, bind, settings.trusted_clusters(), store)
        _warn_unless_ready(store)
    finally:
        store.close()
    if mode == "required" and not settings.tls_cert and not is_loopback(bind):
        click.echo(
            f"rowhouse: WARNING: {bind} without TLS: whoever can listen on the way gets the tokens."
            " Give --tls-cert, unless something in front of the server does TLS",
            err=True,
        )
    return settings.model_copy(update={"auth": mode})
