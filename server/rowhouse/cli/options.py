"""The options that all commands share, and the session they create."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from rowhouse.cli.client import Client, open_client
from rowhouse.cli.output import Printer, output_option
from rowhouse.cli.output.watching import WatchingPrinter, watch
from rowhouse.cli.terminal import plain
from rowhouse.cli.times import Duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.cli.output import Format

_FILE = click.Path(exists=True, dir_okay=False)


@dataclass(frozen=True, slots=True)
class Session:
    """The client and the printer of a command."""

    client: Client
    printer: Printer


class _Connection(NamedTuple):
    server: str | None
    token_file: str | None
    ca_file: str | None


def client_options(view: Callable[..., None]) -> Callable[..., None]:
    """Add the connection and output options to a command; its first argument is the Session."""

    @_connection_options
    @output_option
    @functools.wraps(view)
    def command(*args: Any, connection: _Connection, form: Format, **given: Any) -> None:
        with open_client(*connection) as client:
            view(Session(client, Printer(form)), *args, **given)

    return command


dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Show what would change, but change nothing."
)


def change_options(view: Callable[..., None]) -> Callable[..., None]:
    """Like `client_options`, for a command that changes something: it can also be a dry run, which asks nothing."""

    @dry_run_option
    @_connection_options
    @output_option
    @functools.wraps(view)
    def command(
        *args: Any, connection: _Connection, form: Format, dry_run: bool, **given: Any
    ) -> None:
        if dry_run and "yes" in given:
            given["yes"] = True
        with open_client(*connection, is_dry_run=dry_run) as client:
            view(Session(client, Printer(form)), *args, **given)
        note_dry_run(is_dry_run=dry_run)

    return command


def note_dry_run(*, is_dry_run: bool) -> None:
    """Tell after a dry run that it was one; the output is that of the change."""
    if is_dry_run:
        click.echo("(dry run: nothing was changed)", err=True)


def list_options(view: Callable[..., None]) -> Callable[..., None]:
    """Like `client_options`, for a command that prints one list: it can also sort and watch it."""

    @click.option(
        "--sort",
        default="",
        metavar="COLUMN",
        help="Sort by this column: its heading, or its field in JSON. -COLUMN: descending.",
    )
    @click.option(
        "--watch",
        "-w",
        "is_watched",
        is_flag=True,
        help="After the list, print changes as they happen.",
    )
    @click.option(
        "--interval",
        type=Duration(least=1),
        default="2s",
        show_default=True,
        help="Pause between two reads of --watch.",
    )
    @_connection_options
    @output_option
    @functools.wraps(view)
    def command(
        *args: Any,
        connection: _Connection,
        form: Format,
        sort: str,
        is_watched: bool,
        interval: float,
        **given: Any,
    ) -> None:
        with open_client(*connection) as client:
            if is_watched:
                session = Session(client, WatchingPrinter(form, sort))
                watch(lambda: view(session, *args, **given), interval)
            else:
                view(Session(client, Printer(form, sort)), *args, **given)

    return command


def _connection_options(view: Callable[..., None]) -> Callable[..., None]:
    @click.option(
        "--server",
        envvar="ROWHOUSE_SERVER",
        metavar="URL",
        help="The server (ROWHOUSE_SERVER). Default: use the database in ROWHOUSE_DATABASE_URL directly.",
    )
    @click.option(
        "--token-file",
        envvar="ROWHOUSE_TOKEN_FILE",
        type=_FILE,
        help="File with the token for the server (ROWHOUSE_TOKEN_FILE). Default: the token in ROWHOUSE_TOKEN.",
    )
    @click.option(
        "--ca-file",
        envvar="ROWHOUSE_CA_FILE",
        type=_FILE,
        help="File with the server's certificate authorities (ROWHOUSE_CA_FILE). Default: the system's.",
    )
    @functools.wraps(view)
    def command(
        *args: Any,
        server: str | None,
        token_file: str | None,
        ca_file: str | None,
        **given: Any,
    ) -> None:
        view(*args, connection=_Connection(server, token_file, ca_file), **given)

    return command


yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")


def confirm(question: str, *, yes: bool) -> None:
    """Ask for confirmation on a terminal. Without a terminal, --yes is required.

    Raises:
        click.UsageError: there is no terminal.
        click.Abort: the answer is no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("cannot ask for confirmation without a terminal: pass --yes")
    click.confirm(plain(question), abort=True, err=True)
