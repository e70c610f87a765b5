"""`--view`: a list as a saved view of the pages shows it, with the same rows, order and columns."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from rowhouse.cli import completions
from rowhouse.cli.exits import NOT_FOUND, Failure
from rowhouse.cli.output import Column
from rowhouse.domain.echo import shown
from rowhouse.domain.saved_views import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rowhouse.cli.client import Client
    from rowhouse.cli.client.client import Document
    from rowhouse.cli.options import Session

_LIMIT: Final = "limit"
"""The only parameter of a list that a view leaves to the command."""


def viewed(table: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add `--view` to a command that lists what a table of the pages shows; below `list_options`.

    The rows are those of the page's JSON export, so that filters mean the same. A view that asks for what the table no
    longer has is an error that names it.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @click.option(
            "--view",
            "view_name",
            metavar="NAME",
            shell_complete=completions.views(table),
            help="List what this saved view of the page shows: its filter, order and columns.",
        )
        @functools.wraps(command)
        def listed(session: Session, *args: Any, view_name: str | None, **given: Any) -> None:
            if view_name is None:
                command(session, *args, **given)
                return
            _refuse_filters(given)
            _list(session, table, view_name, given.get(_LIMIT))

        return listed

    return decorated


def found(client: Client, table: str, name: str, author: str | None = None) -> Document:
    """Return a view: the caller's own with this name, or else the shared one; with `author`, that of this author.

    Raises Failure: there is none.
    """
    wanted: Document = {"table": table, "name": name, "author": author}
    if author is not None:
        wanted["all"] = True
    # An own view and a shared one can have the same name.
    known = sorted(client.find("/views", **wanted), key=lambda one: not one["mine"])
    if not known:
        of_author = f" of {shown(author)}" if author else ""
        raise Failure(
            f'{table} has no view "{name}"{of_author}',
            hint=f"`rowhouse view list --table {table}` lists them.",
            exit_code=NOT_FOUND,
        )
    return known[0]


def _list(session: Session, table: str, name: str, limit: int | None) -> None:
    view = found(session.client, table, name)
    rows = session.client.export(f"{TABLES[table].path}.json", view["query"], view=view["id"])
    session.printer.items(
        rows, _columns(table, rows), nothing=f"no rows match the view {name}", limit=limit
    )


def _columns(table: str, rows: Sequence[Document]) -> list[Column]:
    """Return the columns of exported rows, in the order of the page."""
    names = rows[0] if rows else ()
    return [
        Column(name.upper().replace("_", " "), name, _kind(table, name, rows)) for name in names
    ]


def _kind(table: str, name: str, rows: Iterable[Document]) -> str:
    if name in TABLES[table].moments:
        return "moment"
    if name == "network":
        return "network"
    value = next((row[name] for row in rows if row[name] is not None), None)
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, int | float) else "text"


def _refuse_filters(given: Iterable[str]) -> None:
    """Refuse filters beside a view. Raises click.UsageError: it names them."""
    context = click.get_current_context()
    beside = [
        parameter.opts[-1]
        for parameter in context.command.params
        if parameter.name in given
        and parameter.name != _LIMIT
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
    if beside:
        raise click.UsageError(
            f"--view has its own filter: pass either --view or {', '.join(beside)}"
        )
