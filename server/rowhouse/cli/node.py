"""`rowhouse node`: what the agents of nodes report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

import click

from rowhouse.cli import commands
from rowhouse.cli.filters import cluster_filter, node_filter
from rowhouse.cli.options import list_options
from rowhouse.cli.output import Column
from rowhouse.cli.saved_view import viewed
from rowhouse.cli.times import rough_span
from rowhouse.domain.nodes import NodeState

if TYPE_CHECKING:
    from rowhouse.cli.client.client import Document
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("NODE", "node"),
    Column("CLUSTER", "cluster"),
    Column("PLUGIN", "plugin_version"),
    Column("AGENT", "agent_version"),
    Column("KEPT DELS", "kept_dels", "number"),
    Column("KEPT BYTES", "kept_bytes", "number", wide=True),
    Column("ADDRESSES", "addresses", "number"),
    Column("STATE", "state"),
    Column("LAST SEEN", "last_seen", "moment"),
    Column("STARTED", "started_at", "moment", wide=True),
    Column("FIRST SEEN", "first_seen", "moment", wide=True),
)


@commands.group(short_help="What the agents of nodes report.")
def node() -> None:
    """Show the nodes: versions, DELs that they keep, and when they last reported."""


@node.command("list")
@cluster_filter
@node_filter
@click.option("--state", type=click.Choice(get_args(NodeState)), help="Only nodes in this state.")
@list_options
@viewed("nodes")
def list_nodes(session: Session, **conditions: Any) -> None:
    """List the nodes whose agents have reported.

    An agent reports every minute. A node is late after five minutes without a report, and gone after a day;
    `rowhouse db prune` removes it.
    """
    found = session.client.find("/nodes", **conditions)
    shown = [_explained(one) for one in found] if session.printer.for_people else found
    session.printer.items(shown, _COLUMNS, nothing="no node has reported")


def _explained(one: Document) -> Document:
    if one["state"] == "current":
        return one
    return one | {"state": f"not seen for {rough_span(one['unseen_seconds'])}"}
