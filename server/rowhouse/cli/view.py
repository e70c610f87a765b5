"""`rowhouse view`: saved views of the tables on the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import commands
from rowhouse.cli.options import change_options, client_options, confirm, list_options, yes_option
from rowhouse.cli.output import Column
from rowhouse.cli.saved_view import found, viewed
from rowhouse.domain.saved_views import TABLES

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("ID", "id", is_name=True),
    Column("TABLE", "table"),
    Column("NAME", "name"),
    Column("AUTHOR", "author"),
    Column("SHARED", "shared", "flag"),
    Column("SAVED", "saved_at", "moment"),
    Column("QUERY", "query"),
    Column("PATH", "path", wide=True),
)
_table = click.argument("table", type=click.Choice([*TABLES]), metavar="TABLE")
_name = click.argument("name")


@commands.group(short_help="Saved views of the tables on the pages.")
def view() -> None:
    """Save, list and delete views: the filter, order and columns of a table on the pages, under a name."""


@view.command("list")
@click.option("--table", type=click.Choice([*TABLES]), help="Only views of this table.")
@click.option("--name", help="Only views with this name.")
@click.option("--author", help="Only views that this caller saved.")
@click.option(
    "--all",
    is_flag=True,
    default=None,
    help="The private views of others too, without their queries; for operators.",
)
@list_options
@viewed("views")
def list_views(session: Session, **conditions: Any) -> None:
    """List your views and shared ones."""
    views = session.client.find("/views", **conditions)
    session.printer.items(views, _COLUMNS, nothing="no views match")


@view.command(short_help="Show a view.")
@_table
@_name
@client_options
def show(session: Session, *, table: str, name: str) -> None:
    """Show a view: yours with this name, or else the shared one."""
    session.printer.one(found(session.client, table, name), _COLUMNS)


@view.command(short_help="Save a view of a table.")
@_table
@_name
@click.argument("query", default="")
@click.option(
    "--share/--no-share",
    "shared",
    default=None,
    help="Share the view with all users, or stop sharing it.",
)
@click.option("--replace", is_flag=True, help="Overwrite your view with this name.")
@change_options
def save(
    session: Session, *, table: str, name: str, query: str, shared: bool | None, replace: bool
) -> None:
    """Save a view of TABLE. QUERY is what follows "?" in the page's URL, such as "q=storage&sort=-since"."""
    client = session.client
    own = [one for one in client.find("/views", table=table, name=name) if one["mine"]]
    if not (own and replace):
        wanted = {"table": table, "name": name, "query": query, "shared": bool(shared)}
        made = client.post("/views", wanted)
    else:
        made = client.patch(f"/views/{own[0]['id']}", {"query": query, "shared": shared})
    session.printer.one(made, _COLUMNS)


@view.command(short_help="Delete a view.")
@_table
@_name
@click.option("--author", help="The view of this author, private or shared; for operators.")
@yes_option
@change_options
def delete(session: Session, *, table: str, name: str, author: str | None, yes: bool) -> None:
    """Delete your view with this name, or else the shared one.

    Only its author and operators can delete a view.
    """
    view = found(session.client, table, name, author)
    whose = "" if view["mine"] else f" of {view['author']}"
    seen = ", which all users see" if view["shared"] else ""
    confirm(f"Delete the view {name}{whose}{seen}?", yes=yes)
    session.client.delete(f"/views/{view['id']}")
    session.printer.done(f"view {name} deleted", view)
