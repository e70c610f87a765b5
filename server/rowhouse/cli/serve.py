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
from rowhouse.auth.anonymous_access import is_loopback, refuse_open_start, settled_mode
from rowhouse.auth.certificate import Certificate
from rowhouse.cli import commands
from rowhouse.cli.exits import Failure
from rowhouse.domain.defaults import SERVE_BIND
from rowhouse.domain.echo import shown
from rowhouse.domain.errors import NotReady, TryAgain
from rowhouse.embedded import EmbeddedPostgres, Watch
from rowhouse.serve import serve as serve_http
from rowhouse.serve.shutdown import exit_at_once
from rowhouse.settings import Settings, names_database
from rowhouse.store.connection import schema
from rowhouse.store.connection.data_source import PASSWORD_FILE, URL_FILE
from rowhouse.store.connection.database import Database

_DATABASE_URL = "ROWHOUSE_DATABASE_URL"
_DATABASE_VARIABLES = (_DATABASE_URL, URL_FILE, PASSWORD_FILE)
_DATABASE = "rowhouse"
_NOT_YET = "postgresql:///rowhouse"  # in place of the URL of the embedded database, which does not exist yet
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
            self.fail(f"{shown(value)} is not HOST:PORT", param, ctx)
        return value


@commands.command()
@click.option(
    "--embedded",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    is_flag=False,
    flag_value=_default_directory(),
    help="Start an embedded PostgreSQL and keep its data in this directory "
    f"(default: {_default_directory()}).",
)
@click.option("--bind", type=_Address(), default=SERVE_BIND, show_default=True)
@click.option("--threads", type=click.IntRange(1, 1000), default=64, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the URL to this file once the server accepts requests.",
)
@click.option("--tls-cert", type=_FILE, help="Serve HTTPS with the certificate in this file.")
@click.option(
    "--tls-key", type=_FILE, help="The file with its private key, if it is not in the same file."
)
@click.option(
    "--insecure",
    is_flag=True,
    help="Require no token, on any address: every client may do everything.",
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

    ROWHOUSE_DATABASE_URL, or the file in ROWHOUSE_DATABASE_URL_FILE, names the database, and `rowhouse db
    upgrade` migrates it. With --embedded, the server starts, migrates and stops its own PostgreSQL instead.
    """
    if directory is None and not names_database(os.environ):
        raise click.UsageError(
            "no database given: set ROWHOUSE_DATABASE_URL=postgresql://user:password@host/name"
            f" or {URL_FILE}, or start one with --embedded"
        )
    named = [variable for variable in _DATABASE_VARIABLES if os.environ.get(variable)]
    if directory is not None and named:
        raise click.UsageError(
            f"--embedded and {named[0]} name two databases: use only one of them"
        )
    environment = dict(os.environ)
    if directory is not None:
        environment[_DATABASE_URL] = _NOT_YET
    settings = Settings.from_environment(environment)
    given = {"tls_cert": tls_cert, "tls_key": tls_key, "auth": "off" if insecure else None}
    settings = settings.model_copy(update={name: new for name, new in given.items() if new})
    _check(settings, ready_file)
    if directory is not None and not (directory / "data").exists():
        refuse_open_start(settings.auth, bind, settings.trusted_clusters())
    _await_address(bind)
    # Until gunicorn takes over: process 1 of a container ignores signals that it does not handle.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with contextlib.ExitStack() as stack:
        stack.push(_leave)
        watch = None
        if directory is not None:
            postgres = stack.enter_context(EmbeddedPostgres(directory))
            watch = Watch(postgres)
            postgres.create_database(_DATABASE)
            settings = settings.model_copy(update={"database_url": postgres.url(_DATABASE)})
            schema.upgrade(settings.database_url)
            click.echo(f"rowhouse: database {postgres.conninfo(_DATABASE)}")
        telemetry.configure_logging(level=settings.log_level)
        settings = _settled(settings, bind)
        serve_http(
            settings,
            bind=bind,
            threads=threads,
            workers=workers,
            ready_file=ready_file,
            watch=watch,
        )


def _check(settings: Settings, ready_file: Path | None) -> None:
    """Find what is wrong with the settings and options before a database is created in vain.

    Raises:
        click.UsageError: two options contradict each other, or the ready file cannot be written.
        NotReady: the TLS certificate cannot be used.
        SettingsError: a file that the settings name cannot be read.
    """
    if settings.tls_key and not settings.tls_cert:
        raise click.UsageError("--tls-key needs --tls-cert")
    if settings.tls_cert:
        Certificate(settings.tls_cert, settings.tls_key)
    settings.trusted_clusters()
    if ready_file is not None and not _is_writable(ready_file):
        raise click.BadParameter(f"{ready_file} cannot be written", param_hint="--ready-file")


def _is_writable(file: Path) -> bool:
    folder = file.absolute().parent
    return os.access(file if file.exists() else folder, os.W_OK) and folder.is_dir()


def _leave(_kind: object, ended: BaseException | None, _trace: object) -> None:
    """Exit last of all: the process ends because of a signal."""
    if isinstance(ended, SystemExit) and not isinstance(ended.code, str):
        exit_at_once(ended.code or 0)


def _await_address(bind: str) -> None:
    """Fail early if the address cannot be bound, before a database is created in vain.

    Retry for a while, because a server that was just killed may still hold the address.
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
                # With SO_REUSEADDR, two sockets can bind an address, but only one of them can listen.
                tried.listen()
                return
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            raise Failure(
                f"--bind {bind}: {error.strerror or error}",
                hint="Stop the program that listens there, or choose another address. Port 0 picks a free port.",
            ) from error


def _warn_unless_ready(store: Database) -> None:
    """Log at startup what an operator has to do, such as a grant. An unreachable database may still come up."""
    try:
        schema.check_engine(store.engine)
    except TryAgain:
        return
    except NotReady as error:
        click.echo(f"rowhouse: WARNING: not ready: {error.message}. {error.hint}", err=True)


def _settled(settings: Settings, bind: str) -> Settings:
    """Return the settings with the access mode for the address on which the server listens."""
    store = Database(settings.database, pool_size=1, wait=settings.pool_timeout)
    try:
        mode = settled_mode(settings.auth, bind, settings.trusted_clusters(), store)
        _warn_unless_ready(store)
    finally:
        store.close()
    if mode == "required" and not settings.tls_cert and not is_loopback(bind):
        click.echo(
            f"rowhouse: WARNING: {bind} serves without TLS: tokens can be intercepted on the network."
            " Pass --tls-cert, unless a proxy in front of the server terminates TLS",
            err=True,
        )
    return settings.model_copy(update={"auth": mode})
