"""`rowhouse network`: address spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli import commands, lookup
from rowhouse.cli.options import change_options, confirm, list_options, yes_option
from rowhouse.cli.output import Column
from rowhouse.cli.saved_view import viewed
from rowhouse.domain.networks import named

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("NETWORK", "name", "network"),
    Column("ISOLATED", "isolated"),
    Column("POOLS", "pools", "number"),
    Column("CREATED", "created_at", "moment"),
    Column("ID", "id", wide=True),
)


@commands.group()
def network() -> None:
    """Manage networks, the address spaces.

    An address is unique in its network. A network is created with its first pool.
    """


@network.command("list")
@click.option("--name", help='Only the network with this name; "" is the default network.')
@list_options
@viewed("networks")
def list_networks(session: Session, *, name: str | None) -> None:
    """List the networks."""
    found = session.client.find("/networks", name=name)
    session.printer.items(found, _COLUMNS, nothing="no networks match")


@network.command()
@click.argument("name")
@yes_option
@change_options
def delete(session: Session, *, name: str, yes: bool) -> None:
    """Delete a network that has no pools and no exclusions."""
    found = lookup.network(session.client, name)
    confirm(f"Delete {named(name)}?", yes=yes)
    session.client.delete(f"/networks/{found['id']}")
    session.printer.done(f"{named(name)} deleted", found)
