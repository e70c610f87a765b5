"""`rowhouse who`, `pod` and `history`: who held which address, where and when."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli.exits import NOT_FOUND
from rowhouse.cli.lookup import HostAddress
from rowhouse.cli.options import client_options
from rowhouse.cli.output import Column
from rowhouse.cli.times import ALWAYS, Moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.cli.client.client import Document
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("NETWORK", "network", "network"),
    Column("ADDRESS", "address"),
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
    Column("STARTED", "start_reason", wide=True),
    Column("STARTED BY", "started_by", wide=True),
    Column("ENDED BY", "ended_by", wide=True),
)
_network = click.option("--network", help="In this network alone.")
_since = click.option("--since", type=Moment(), help="Held then or later: 7d, or a time.")
_until = click.option("--until", type=Moment(), help="Held before.")
_limit = click.option("--limit", type=click.IntRange(1), help="The latest so many.")


@click.command()
@click.argument("address", type=HostAddress())
@click.option("--at", type=Moment(), help="At this time, or so long ago: 2h. Without: now.")
@_network
@client_options
def who(session: Session, *, address: str, at: str | None, network: str | None) -> None:
    """Tell who has an address, or had it at a moment. Exits with 3 if nobody had."""
    # Whatever this machine's clock says, what is held now has no end.
    moment = at or ALWAYS
    found = session.client.find("/history", address=address, at=moment, network=network)
    when = f"had {address} at {at}" if at else f"has {address}"
    _print(session, found, nothing=f"nobody {when}", must=True)


@click.command()
@click.argument("pod", metavar="NAMESPACE/NAME")
@_network
@_since
@_until
@_limit
@client_options
def pod(
    session: Session,
    *,
    pod: str,
    network: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
) -> None:
    """List what a pod holds and held, the latest first. Exits with 3 if that is nothing.

    A device or person that holds addresses by name alone is /NAME.
    """
    namespace, slash, name = pod.partition("/")
    if not slash or not name:
        raise click.UsageError(f"{pod!r} is not NAMESPACE/NAME")
    found = session.client.find(
        "/history",
        most=limit,
        namespace=namespace,
        name=name,
        network=network,
        since=since,
        until=until,
    )
    _print(session, found, nothing=f"{pod} held no address", must=True)


@click.command()
@click.argument("address", type=HostAddress())
@_network
@_since
@_until
@_limit
@client_options
def history(
    session: Session,
    *,
    address: str,
    network: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
) -> None:
    """List who has and had an address, the latest first."""
    found = session.client.find(
        "/history", most=limit, address=address, network=network, since=since, until=until
    )
    _print(session, found, nothing=f"nobody ever had {address}", must=False)


def _print(session: Session, found: Sequence[Document], *, nothing: str, must: bool) -> None:
    # Where there are several clusters, a pod's name alone does not tell which pod it is.
    named = any(one["owner"]["cluster"] for one in found)
    columns = [
        replace(column, wide=False) if named and column.title == "CLUSTER" else column
        for column in _COLUMNS
    ]
    session.printer.items(found, columns, nothing=nothing)
    if must and not found:
        click.get_current_context().exit(NOT_FOUND)
