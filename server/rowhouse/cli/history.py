"""`rowhouse who`, `pod` and `history`: the owners of addresses over time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import commands
from rowhouse.cli.exits import NOT_FOUND
from rowhouse.cli.filters import network_filter, node_filter
from rowhouse.cli.lookup import HostAddress
from rowhouse.cli.options import client_options, list_options
from rowhouse.cli.output import Column
from rowhouse.cli.times import ALWAYS, Moment
from rowhouse.domain.echo import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.cli.client.client import Document
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("NETWORK", "network", "network"),
    Column("ADDRESS", "address", is_name=True),
    Column("NAMESPACE", "owner.namespace"),
    Column("NAME", "owner.name"),
    Column("INTERFACE", "owner.interface"),
    Column("NODE", "node"),
    Column("FROM", "held_from", "moment"),
    Column("UNTIL", "held_until", "moment"),
    Column("ENDED", "end_reason"),
    Column("POOL", "pool", wide=True),
    Column("KIND", "owner.kind", wide=True),
    Column("CLUSTER", "owner.cluster", wide=True),
    Column("UID", "owner.uid", wide=True),
    Column("CONTAINER", "container_id", wide=True),
    Column("MAC", "mac", wide=True),
    Column("STARTED", "start_reason", wide=True),
    Column("STARTED BY", "started_by", wide=True),
    Column("ENDED BY", "ended_by", wide=True),
)
_since = click.option(
    "--since", type=Moment(), help="Held at or after this time, or this long ago: 7d."
)
_until = click.option("--until", type=Moment(), help="Held before this time.")
_limit = click.option(
    "--limit", type=click.IntRange(1), help="Show only this many of the latest entries."
)


@commands.command()
@click.argument("address", type=HostAddress())
@click.option("--at", type=Moment(), help="At this time, or this long ago: 2h. Default: now.")
@network_filter
@client_options
def who(session: Session, *, address: str, at: str | None, network: str | None) -> None:
    """Show the owner of an address, now or at a given time. Exits with 3 if it had none."""
    # Not compared with this machine's clock, which may be wrong: a current tenure has no end.
    moment = at or ALWAYS
    found = session.client.find("/history", address=address, at=moment, network=network)
    when = f" at {at}" if at else ""
    nothing = f"{address} {'had' if at else 'has'} no owner{when}"
    if team := session.client.team:
        nothing = f"none of {team} {'held' if at else 'holds'} {address}{when}"
    _print(session, found, nothing=nothing, must=True)


@commands.command()
@click.argument("pod", metavar="NAMESPACE/NAME")
@network_filter
@_since
@_until
@_limit
@list_options
def pod(
    session: Session,
    *,
    pod: str,
    network: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
) -> None:
    """List the current and past addresses of a pod, latest first. Exits with 3 if there are none.

    For an owner without a namespace, such as a device, write /NAME.
    """
    namespace, slash, name = pod.partition("/")
    if not slash or not name:
        raise click.UsageError(f"{shown(pod)} is not NAMESPACE/NAME")
    found = session.client.find(
        "/history",
        most=limit,
        namespace=namespace,
        name=name,
        network=network,
        since=since,
        until=until,
    )
    nothing = f"{pod} held no address"
    if (seen := session.client.namespaces) and namespace not in seen:
        nothing = f'namespace "{namespace}" is not one of yours: {", ".join(seen)}'
    _print(session, found, nothing=nothing, must=True)


@commands.command()
@click.argument("address", type=HostAddress(), required=False)
@network_filter
@click.option("--prefix", metavar="CIDR", help="Only addresses in this CIDR.")
@node_filter
@click.option("--container-id", help="Only this sandbox.")
@_since
@_until
@_limit
@list_options
def history(session: Session, *, address: str | None, limit: int | None, **conditions: Any) -> None:
    """List the current and past owners of an address, latest first.

    Instead of ADDRESS, or in addition to it, name a prefix, a node or a container.
    """
    places = ("prefix", "node", "container_id")
    if address is None and all(conditions[place] is None for place in places):
        raise click.UsageError("pass ADDRESS, --prefix, --node or --container-id")
    found = session.client.find("/history", most=limit, address=address, **conditions)
    is_filtered = any(value is not None for value in conditions.values())
    nothing = "no history matches" if is_filtered else f"{address} never had an owner"
    if not is_filtered and (team := session.client.team):
        nothing = f"none of {team} ever held {address}"
    _print(session, found, nothing=nothing, must=False)


def _print(session: Session, found: Sequence[Document], *, nothing: str, must: bool) -> None:
    # With several clusters, a pod's name alone is ambiguous.
    named = any(one["owner"]["cluster"] for one in found)
    columns = [
        replace(column, wide=False) if named and column.title == "CLUSTER" else column
        for column in _COLUMNS
    ]
    session.printer.items(found, columns, nothing=nothing)
    if must and not found:
        click.get_current_context().exit(NOT_FOUND)
