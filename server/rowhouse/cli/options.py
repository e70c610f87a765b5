"""The options that all commands share, and what a command gets from them."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from rowhouse.cli.client import Client, open_client
from rowhouse.cli.output import FORMATS, Printer

if TYPE_CHECKING:
    from collections.abc import Callable

_FILE = click.Path(exists=True, dir_okay=False)


@dataclass(frozen=True, slots=True)
class Session:
    """Where a command gets its documents, and where they go."""

    client: Client
    printer: Printer


def client_options(view: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options to reach Rowhouse and for its output; its first argument is the Session."""

    @click.option(
        "--server",
        envvar="ROWHOUSE_SERVER",
        metavar="URL",
        help="The server (ROWHOUSE_SERVER). Without one: the database of ROWHOUSE_DATABASE_URL.",
    )
    @click.option(
        "--token-file",
        envvar="ROWHOUSE_TOKEN_FILE",
        type=_FILE,
        help="Holds the token for the server (ROWHOUSE_TOKEN_FILE, or the token in ROWHOUSE_TOKEN).",
    )
    @click.option(
        "--ca-file",
        envvar="ROWHOUSE_CA_FILE",
        type=_FILE,
        help="The server's certificate authorities, if not the system's (ROWHOUSE_CA_FILE).",
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


yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere nobody could answer, and --yes is needed.

    Raises:
        click.UsageError: there is nobody to ask.
        click.Abort: the answer is no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("there is no terminal to ask on: repeat it with --yes")
    click.confirm(question, abort=True, err=True)
