"""`rowhouse gateway`: router addresses of pools and network configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import commands
from rowhouse.cli.filters import network_filter, pool_filter
from rowhouse.cli.options import change_options, confirm, list_options, yes_option
from rowhouse.cli.output import Column

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("ID", "id"),
    Column("NETWORK", "network", "network"),
    Column("POOL", "pool"),
    Column("ADDRESS", "address", is_name=True),
    Column("CNI NETWORK", "cni_network"),
    Column("SANDBOXES", "in_use", "number"),
    Column("SINCE", "first_used_at", "moment"),
)


@commands.group()
def gateway() -> None:
    """Manage gateways of pools and network configurations. Pods never get their addresses."""


@gateway.command("list")
@network_filter
@pool_filter
@click.option("--address", help="Only this address.")
@list_options
def list_gateways(session: Session, **conditions: Any) -> None:
    """List the known gateways. A gateway without a CNI network was set on the pool by an operator."""
    found = session.client.find("/gateways", **conditions)
    session.printer.items(found, _COLUMNS, nothing="no gateways match")


@gateway.command()
@click.argument("gateway_id", metavar="ID", type=int)
@yes_option
@change_options
def forget(session: Session, *, gateway_id: int, yes: bool) -> None:
    """Forget a gateway that its network configuration no longer has.

    If a configuration still has it, its next ADD adds the gateway again.
    """
    found = session.client.get(f"/gateways/{gateway_id}")
    confirm(
        f"Allow {found['address']} of pool {found['pool']} to be assigned to pods again?", yes=yes
    )
    session.client.delete(f"/gateways/{gateway_id}")
    session.printer.done(f"gateway {found['address']} of {found['cni_network']} forgotten", found)
