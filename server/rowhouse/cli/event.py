"""`rowhouse event`: refused ADDs, warnings, releases by the controller, and pools that are nearly full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import commands
from rowhouse.cli.filters import (
    cluster_filter,
    namespace_filter,
    node_filter,
    pool_filter,
)
from rowhouse.cli.options import list_options
from rowhouse.cli.output import Column
from rowhouse.cli.saved_view import viewed
from rowhouse.cli.times import Moment
from rowhouse.domain.events import REASONS

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("LAST", "last_at", "moment"),
    Column("REASON", "reason"),
    Column("NAMESPACE", "namespace"),
    Column("POD", "pod"),
    Column("INTERFACE", "interface", wide=True),
    Column("NODE", "node"),
    Column("CLUSTER", "cluster", wide=True),
    Column("POOL", "pool", wide=True),
    Column("TIMES", "times", "number"),
    Column("FIRST", "first_at", "moment", wide=True),
    Column("ID", "id", wide=True, is_name=True),
    Column("MESSAGE", "message"),
    Column("HELD BY", "held_by"),
)


@commands.group(short_help="What went wrong with pods and pools.")
def event() -> None:
    """Show refused ADDs, warnings, releases by the controller, and pools that became nearly full."""


@event.command("list", short_help="List events, latest first.")
@click.option("--reason", type=click.Choice([*REASONS]), help="Only events with this reason.")
@cluster_filter
@namespace_filter
@click.option("--name", help="Only events of the pod with this name.")
@node_filter
@pool_filter
@click.option("--since", type=Moment(), help="Only events since this time, or this long ago: 7d.")
@click.option("--until", type=Moment(), help="Only events that ended before this time.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@list_options
@viewed("events")
def list_events(session: Session, *, limit: int, **conditions: Any) -> None:
    """List events, latest first. Repetitions less than an hour apart are one event."""
    most = session.printer.rows_to_read(limit)
    found = session.client.find("/events", most=most, **conditions)
    session.printer.items(found, _COLUMNS, nothing="no events match", limit=limit)
