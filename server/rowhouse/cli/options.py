"""The options that all commands share, and the session they create."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from rowhouse.cli.client import Client, open_client
from rowhouse.cli.output import FORMATS, Printer
from rowhouse.cli.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Callable

_FILE = click.Path(exists=True, dir_okay=False)


@dataclass(frozen=True, slots=True)
class Session:
    """The client and the printer of a command."""

    client: Client
    printer: Printer


def client_options(view: Callable[..., None]) -> Callable[..., None]:
    """Add the connection and output options to a command; its first argument is the Session."""

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
    @click.option("-o", "--output", type=click.Choice(FORMATS), default="table", show_default=True)
    @functools.wraps(view)
    def command(
        *args: Any,
        server: str | None,
        token_file: str | None,
        ca_file: str | None,
        output: str,
        **given: Any,
    ) -> None:
        with open_client(server, token_file, ca_file) as client:
            view(Session(client, Printer(output)), *args, **given)

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
