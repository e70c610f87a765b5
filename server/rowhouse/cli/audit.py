"""`rowhouse audit`: the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import commands
from rowhouse.cli.filters import cluster_filter, network_filter
from rowhouse.cli.options import list_options
from rowhouse.cli.output import Column
from rowhouse.cli.saved_view import viewed
from rowhouse.cli.times import Moment

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("TIME", "at", "moment"),
    Column("ACTOR", "actor"),
    Column("ACTION", "action"),
    Column("OBJECT", "object", is_name=True),
    Column("ROWS", "row_count", "number", wide=True),
    Column("NETWORK", "network", "network", wide=True),
    Column("CLUSTER", "cluster", wide=True),
    Column("REQUEST", "request_id", wide=True),
    Column("BEFORE", "before", "json", wide=True),
    Column("AFTER", "after", "json", wide=True),
)


@commands.command(short_help="List administrative changes, latest first.")
@click.option("--actor", help="Only changes by this caller: a token's name or user@host.")
@click.option("--action", help="Only this action, for example pool.update.")
@click.option("--object", help="Only this object: a CIDR, an address or a name.")
@click.option("--object-type", help="Only this type of object, for example pool.")
@network_filter
@cluster_filter
@click.option("--request-id", help="Only changes made by this request.")
@click.option("--since", type=Moment(), help="Only changes since this time, or this long ago: 7d.")
@click.option("--until", type=Moment(), help="Only changes before this time.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@list_options
@viewed("audit")
def audit(session: Session, *, limit: int, **conditions: Any) -> None:
    """List administrative changes, latest first. -o wide, json and yaml show the values before and after."""
    found = session.client.find("/audit", most=limit, **conditions)
    session.printer.items(found, _COLUMNS, nothing="no changes match")
