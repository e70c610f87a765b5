"""`rowhouse search`: find anything by a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli import commands
from rowhouse.cli.exits import NOT_FOUND
from rowhouse.cli.options import client_options
from rowhouse.cli.output import Column

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("KIND", "kind"),
    Column("FOUND", "label", is_name=True),
    Column("NETWORK", "network", "network"),
    Column("ADDRESS", "address"),
    Column("NAMESPACE", "namespace"),
    Column("NAME", "name"),
    Column("NODE", "node"),
    Column("CURRENT", "is_current", "flag"),
    Column("MATCHED", "matched"),
    Column("TEXT", "text"),
    Column("CLUSTER", "cluster", wide=True),
    Column("INTERFACE", "interface", wide=True),
    Column("UNTIL", "held_until", "moment", wide=True),
    Column("TIME", "at", "moment", wide=True),
    Column("ACTOR", "actor", wide=True),
)


@commands.command(short_help="Find anything by a part of it.")
@click.argument("text")
@click.option(
    "--limit",
    type=click.IntRange(1, 50),
    default=20,
    show_default=True,
    help="Maximum number of results of each kind.",
)
@client_options
def search(session: Session, *, text: str, limit: int) -> None:
    """Search addresses, pools, pods, namespaces, nodes, containers, descriptions and changes.

    TEXT is an address or the beginning of one (10.20), a prefix, NAMESPACE/NAME, or a part of a name, a description, a
    reason or a label. Exact matches come first, then what holds an address now, then the past. Exits with 3 if
    nothing matches.
    """
    answer = session.client.get("/search", q=text, limit=limit)
    where = f" in {team}" if (team := session.client.team) else ""
    session.printer.items(answer["items"], _COLUMNS, nothing=f"nothing matches {text}{where}")
    if answer["incomplete"]:
        click.echo(f"not searched completely: {', '.join(answer['incomplete'])}", err=True)
    if not answer["items"]:
        click.get_current_context().exit(NOT_FOUND)
