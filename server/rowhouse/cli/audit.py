"""`rowhouse audit`: who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli.options import client_options
from rowhouse.cli.output import Column
from rowhouse.cli.times import Moment

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("AT", "at", "moment"),
    Column("ACTOR", "actor"),
    Column("ACTION", "action"),
    Column("OBJECT", "object"),
    Column("ROWS", "row_count", "number", wide=True),
    Column("NETWORK", "network", "network", wide=True),
    Column("CLUSTER", "cluster", wide=True),
    Column("REQUEST", "request_id", wide=True),
    Column("BEFORE", "before", "json", wide=True),
    Column("AFTER", "after", "json", wide=True),
)


@click.command(short_help="List administrative changes, the latest first.")
@click.option("--actor", help="By this caller: a token's name, or user@host.")
@click.option("--action", help="Such as pool.update.")
@click.option("--object", help="A CIDR, an address, a name.")
@click.option("--object-type", help="Such as pool.")
@click.option("--network", help='Of this network; "": the default network.')
@click.option("--cluster", help='Of this cluster; "": the cluster without a name.')
@click.option("--request-id", help="Of this request.")
@click.option("--since", type=Moment(), help="From when on: 7d, or a time.")
@click.option("--until", type=Moment(), help="Until when.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@client_options
def audit(session: Session, *, limit: int, **conditions: Any) -> None:
    """List administrative changes, the latest first; -o wide, json and yaml show before and after."""
    found = session.client.find("/audit", most=limit, **conditions)
    session.printer.items(found, _COLUMNS, nothing="there are no such changes")
