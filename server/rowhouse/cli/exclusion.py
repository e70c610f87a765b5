"""`rowhouse exclusion`: addresses kept out of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli import lookup
from rowhouse.cli.options import client_options, confirm, yes_option
from rowhouse.cli.output import Column
from rowhouse.domain.networks import named

if TYPE_CHECKING:
    from rowhouse.cli.client.client import Document
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
@client_options
def list_exclusions(session: Session, *, network: str | None, contains: str | None) -> None:
    """List what is kept out of use."""
    found = session.client.find("/exclusions", network=network, contains=contains)
    session.printer.items(found, _COLUMNS, nothing="no address is kept out of use")


@exclusion.command()
@click.argument("addresses")
@click.option("--network", help="In this network; without: in the default one.")
@click.option("--pool", metavar="POOL", help="In the network of this pool, which is isolated.")
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@click.option(
    "--force", is_flag=True, help="Even if running pods use some of them: they go on using them."
)
@client_options
def create(
    session: Session,
    *,
    addresses: str,
    network: str | None,
    pool: str | None,
    reason: str,
    force: bool,
) -> None:
    """Keep ADDRESSES out of use: one, FIRST-LAST, or a CIDR.

    Those in use stay, and go out of use when they are released.
    """
    first, last = lookup.run(addresses)
    if pool is None:
        network_id = lookup.network(session.client, network or "")["id"]
    else:
        network_id = lookup.pool(session.client, pool, network)["network_id"]
    wanted = {
        "network_id": network_id,
        "first": first,
        "last": last,
        "reason": reason,
        "force": force,
    }
    made = session.client.post("/exclusions", wanted)
    session.printer.one(made, _COLUMNS)
    if pool is None and network is None and session.printer.for_people:
        _tell_reach(session, made)


@exclusion.command()
@click.argument("exclusion_id", metavar="ID", type=int)
@yes_option
@client_options
def delete(session: Session, *, exclusion_id: int, yes: bool) -> None:
    """Give the addresses of an exclusion out again."""
    found = session.client.get(f"/exclusions/{exclusion_id}")
    run = f"{found['first']} to {found['last']}"
    confirm(f"Assign {run} of {named(found['network'])} again?", yes=yes)
    session.client.delete(f"/exclusions/{exclusion_id}")
    session.printer.done(f"{run} may be assigned again", found)


def _tell_reach(session: Session, made: Document) -> None:
    """Which networks the exclusion reaches, and which it does not though they hold the address too."""
    pools = session.client.find("/pools", contains=made["first"])
    pools += session.client.find("/pools", contains=made["last"])
    reached = {one["cidr"] for one in pools if one["network_id"] == made["network_id"]}
    others = {
        f"{one['cidr']} of {named(one['network'])}"
        for one in pools
        if one["network_id"] != made["network_id"]
    }
    click.echo(
        f"It holds in {named(made['network'])} alone, for its pools"
        f" {', '.join(sorted(reached)) or 'to come: none has these addresses'}.",
        err=True,
    )
    if others:
        click.echo(
            f"Not reached: {', '.join(sorted(others))}. Name them by --network or --pool.", err=True
        )
