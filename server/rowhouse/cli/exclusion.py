"""`rowhouse exclusion`: addresses that are never assigned, or only to a call that requests one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli import commands, completions, lookup
from rowhouse.cli.filters import network_filter
from rowhouse.cli.options import change_options, confirm, list_options, yes_option
from rowhouse.cli.output import Column
from rowhouse.cli.saved_view import viewed
from rowhouse.cli.terminal import plain
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
    Column("REQUESTS ONLY", "requests_only", "flag"),
    Column("NAME", "name"),
    Column("CREATED", "created_at", "moment"),
    Column("REASON", "reason"),
)


@commands.group()
def exclusion() -> None:
    """Manage exclusions: addresses never assigned, or on request only."""


@exclusion.command("list")
@network_filter
@click.option(
    "--contains", metavar="ADDRESS", help="Only the exclusion that contains this address."
)
@list_options
@viewed("exclusions")
def list_exclusions(session: Session, *, network: str | None, contains: str | None) -> None:
    """List exclusions."""
    found = session.client.find("/exclusions", network=network, contains=contains)
    session.printer.items(found, _COLUMNS, nothing="no exclusions match")


@exclusion.command()
@click.argument("addresses")
@click.option(
    "--network",
    shell_complete=completions.networks,
    help="The network. Default: the default network.",
)
@click.option(
    "--pool",
    shell_complete=completions.pools,
    metavar="POOL",
    help="Use the network of this isolated pool.",
)
@click.option("--reason", default="", metavar="TEXT", help="Why they are excluded.")
@click.option(
    "--requests-only",
    is_flag=True,
    help="Still let pods request them, and operators reserve them, by address.",
)
@click.option(
    "--name",
    metavar="NAME",
    help="With --requests-only: a name for them in the candidates of a pod or a NAD.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Also exclude addresses that running pods use; the pods keep using them.",
)
@change_options
def create(
    session: Session,
    *,
    addresses: str,
    network: str | None,
    pool: str | None,
    reason: str,
    requests_only: bool,
    name: str | None,
    force: bool,
) -> None:
    """Exclude ADDRESSES from assignment.

    ADDRESSES is one address, FIRST-LAST, or a CIDR.
    Addresses in use stay assigned. They are excluded once they are released.
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
        "requests_only": requests_only,
        "name": name,
        "force": force,
    }
    made = session.client.post("/exclusions", wanted)
    session.printer.one(made, _COLUMNS)
    if pool is None and network is None and session.printer.for_people:
        _tell_reach(session, made)


@exclusion.command()
@click.argument("exclusion_id", metavar="ID", type=int)
@yes_option
@change_options
def delete(session: Session, *, exclusion_id: int, yes: bool) -> None:
    """End an exclusion: its addresses can be assigned again."""
    found = session.client.get(f"/exclusions/{exclusion_id}")
    run = f"{found['first']} to {found['last']}"
    confirm(f"End the exclusion of {run} in {named(found['network'])}?", yes=yes)
    session.client.delete(f"/exclusions/{exclusion_id}")
    session.printer.done(f"{run} can be assigned again", found)


def _tell_reach(session: Session, made: Document) -> None:
    """Report the pools that the exclusion applies to, and pools of other networks with these addresses."""
    pools = session.client.find("/pools", contains=made["first"])
    pools += session.client.find("/pools", contains=made["last"])
    reached = {one["cidr"] for one in pools if one["network_id"] == made["network_id"]}
    others = {
        f"{one['cidr']} of {named(one['network'])}"
        for one in pools
        if one["network_id"] != made["network_id"]
    }
    click.echo(
        plain(
            f"It applies only to {named(made['network'])}:"
            f" {'pools ' + ', '.join(sorted(reached)) if reached else 'no pool has these addresses yet'}."
        ),
        err=True,
    )
    if others:
        click.echo(
            plain(
                f"It does not apply to {', '.join(sorted(others))}."
                " Select those with --network or --pool."
            ),
            err=True,
        )
