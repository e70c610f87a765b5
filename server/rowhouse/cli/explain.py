"""`rowhouse explain`: why an address can be assigned or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli import commands, completions
from rowhouse.cli.lookup import HostAddress
from rowhouse.cli.options import client_options
from rowhouse.cli.output import Column

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_LINES: Final = (
    Column("Address", "address"),
    Column("State", "state"),
    Column("Because", "because"),
    Column("Network", "network", "network"),
    Column("Pool", "pool"),
    Column("Pool's name", "pool_name"),
    Column("In its window", "in_window", "flag"),
    Column("Its gateway", "is_gateway", "flag"),
    Column("Drained", "drained", "flag"),
    Column("Owner", "owner"),
    Column("Owner kind", "owner_kind"),
    Column("Interface", "interface"),
    Column("Cluster", "cluster"),
    Column("Since", "since", "moment"),
    Column("MAC", "mac"),
    Column("Description", "description"),
    Column("Last owner", "last_owner"),
    Column("Released", "last_released", "moment"),
    Column("Released by", "last_end_reason"),
)


@commands.command()
@click.argument("address", type=HostAddress())
@click.option(
    "--network",
    shell_complete=completions.networks,
    default="",
    help="The network. Default: the default network.",
)
@client_options
def explain(session: Session, *, address: str, network: str) -> None:
    """Show the state of an address and the reason for it."""
    found = session.client.get("/explain", address=address, network=network)
    known = [
        line for line in _LINES if line.kind == "network" or found.get(line.path) not in (None, "")
    ]
    session.printer.one(found, known)
