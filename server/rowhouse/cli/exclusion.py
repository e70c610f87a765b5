"""`rowhouse exclusion`: addresses kept out of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli import lookup
from rowhouse.cli.options import confirm, reaching, yes_option
from rowhouse.cli.output import Column
from rowhouse.domain.networks import named

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("ID", "id"),
    Column("NETWORK", "network", "network"),
    Column("FIRST", "first"),
    Column("LAST", "last"),
    Column("STILL IN USE", "in_use", "number"),
    Column("CREATED", "created_at", "moment"),
    Column("REASON", "reason"),
)


@click.group()
def exclusion() -> None:
    """Addresses kept out of use."""


@exclusion.command("list")
@click.option("--network", help="In this network.")
@click.option("--contains", metavar="ADDRESS", help="The one with this address.")
@reaching
def list_exclusions(session: Session, *, network: str | None, contains: str | None) -> None:
    """List what is kept out of use."""
    found = session.client.find("/exclusions", network=network, contains=contains)
    session.printer.items(found, _COLUMNS, nothing="no address is kept out of use")


@exclusion.command()
@click.argument("addresses")
@click.option("--network", default="", help="In this network; without: in the default one.")
@click.option("--pool", metavar="POOL", help="In the network of this pool, which is isolated.")
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@reaching
def create(
    session: Session, *, addresses: str, network: str, pool: str | None, reason: str
) -> None:
    """Keep ADDRESSES out of use: one, FIRST-LAST, or a CIDR.

    Those in use stay, and go out of use when they are released.
    """
    first, last = lookup.run(addresses)
    if pool is None:
        network_id = lookup.network(session.client, network)["id"]
    else:
        network_id = lookup.pool(session.client, pool, network or None)["network_id"]
    wanted = {"network_id": network_id, "first": first, "last": last, "reason": reason}
    session.printer.one(session.client.post("/exclusions", wanted), _COLUMNS)


@exclusion.command()
@click.argument("exclusion_id", metavar="ID", type=int)
@yes_option
@reaching
def delete(session: Session, *, exclusion_id: int, yes: bool) -> None:
    """Give the addresses of an exclusion out again."""
    found = session.client.get(f"/exclusions/{exclusion_id}")
    run = f"{found['first']} to {found['last']}"
    confirm(f"Give out {run} of {named(found['network'])} again?", yes=yes)
    session.client.delete(f"/exclusions/{exclusion_id}")
    session.printer.done(f"{run} may be given out again", found)
