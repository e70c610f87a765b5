"""`rowhouse pool`: the CIDRs from which addresses are assigned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import lookup
from rowhouse.cli.options import client_options, confirm, yes_option
from rowhouse.cli.output import Column
from rowhouse.cli.pool_fill import fill
from rowhouse.cli.pool_options import changes_of, plan_options
from rowhouse.domain.networks import named

if TYPE_CHECKING:
    from rowhouse.cli.client.client import Document
    from rowhouse.cli.options import Session

_USAGE: Final = (
    Column("TOTAL", "usage.total", "number"),
    Column("USED", "usage.used", "number"),
    Column("RESERVED", "usage.reserved", "number", wide=True),
    Column("BY OVERLAPS", "usage.reserved_by_overlaps", "number", wide=True),
    Column("FREE", "usage.free", "number"),
    Column("USED %", "usage.percent_used", "percent"),
)
_REST: Final = (
    Column("ATTACHED", "usage.attached", "number", wide=True),
    Column("STICKY", "usage.sticky", "number", wide=True),
    Column("QUARANTINED", "usage.quarantined", "number", wide=True),
    Column("GATEWAY", "gateway", wide=True),
    Column("FIRST", "window_first", wide=True),
    Column("LAST", "window_last", wide=True),
    Column("REUSE DELAY", "reuse_delay", "span", wide=True),
    Column("LABELS", "labels", "labels", wide=True),
    Column("OVERLAPS", "overlaps", "list", wide=True),
    Column("CREATED", "created_at", "moment", wide=True),
    Column("ID", "id", wide=True),
)
_COLUMNS: Final = (
    Column("NETWORK", "network", "network"),
    Column("POOL", "cidr"),
    Column("NAME", "name"),
    *_USAGE,
    Column("DRAINED", "drained", "flag"),
    *_REST,
    Column("DESCRIPTION", "description", wide=True),
)

_network = click.option("--network", help="Its network, where several have a pool of this CIDR.")
_pool = click.argument("text", metavar="POOL")


@click.group()
def pool() -> None:
    """CIDRs of a network from which addresses are assigned. POOL is a name, a CIDR or an id."""


@pool.command("list")
@click.option("--network", help="Of this network.")
@click.option("--contains", metavar="ADDRESS", help="With this address in their CIDR.")
@click.option("--label", metavar="KEY=VALUE", help="With this label.")
@click.option("--drained/--not-drained", default=None, help="Drained, or not.")
@client_options
def list_pools(session: Session, **conditions: Any) -> None:
    """List the pools and how full they are."""
    found = session.client.find("/pools", usage=True, **conditions)
    session.printer.items(found, _COLUMNS, nothing="there are no such pools")


@pool.command()
@_pool
@_network
@client_options
def show(session: Session, *, text: str, network: str | None) -> None:
    """Show a pool and how full it is."""
    _show(session, lookup.pool(session.client, text, network))


@pool.command()
@click.argument("cidr")
@click.option("--network", default="", help="Its network, made if it is new; without: the default.")
@click.option("--isolated", is_flag=True, help="No other pool shares its addresses.")
@click.option("--force", is_flag=True, help="Even if a running pod uses the gateway's address.")
@plan_options
@client_options
def create(
    session: Session, *, cidr: str, network: str, isolated: bool, force: bool, **given: Any
) -> None:
    """Make a pool of a CIDR."""
    plan = {"cidr": cidr, "network": network, "isolated": isolated, "force": force}
    made = session.client.post("/pools", {**plan, **changes_of(given, {})})
    _show(session, made)
    if made["overlaps"] and session.printer.for_people:
        click.echo(
            f"{made['cidr']} shares its addresses with {', '.join(made['overlaps'])}:"
            " what one of them assigns is used in the others as well.",
            err=True,
        )


@pool.command()
@_pool
@_network
@plan_options
@click.option(
    "--unset",
    type=click.Choice(["name", "gateway", "first", "last"]),
    multiple=True,
    help="Go back to none, or to what the CIDR gives.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Even if it touches reservations or running pods: they stay as they are.",
)
@client_options
def change(
    session: Session,
    *,
    text: str,
    network: str | None,
    unset: tuple[str, ...],
    force: bool,
    **given: Any,
) -> None:
    """Change a pool: what is not named stays as it is."""
    now = lookup.pool(session.client, text, network)
    changes = changes_of(given, now["labels"], unset)
    if not changes:
        raise click.UsageError("nothing to change: name at least one option")
    _change(session, now, changes, force=force)


@pool.command()
@_pool
@_network
@client_options
def drain(session: Session, *, text: str, network: str | None) -> None:
    """Assign no further address; those in use stay."""
    _change(session, lookup.pool(session.client, text, network), {"drained": True})


@pool.command()
@_pool
@_network
@client_options
def undrain(session: Session, *, text: str, network: str | None) -> None:
    """Assign addresses again."""
    _change(session, lookup.pool(session.client, text, network), {"drained": False})


@pool.command()
@_pool
@_network
@yes_option
@client_options
def delete(session: Session, *, text: str, network: str | None, yes: bool) -> None:
    """Remove a pool that holds no reservations."""
    found = lookup.pool(session.client, text, network)
    confirm(f"Remove pool {found['cidr']} of {named(found['network'])}?", yes=yes)
    session.client.delete(f"/pools/{found['id']}", version=found["version"])
    session.printer.done(f"pool {found['cidr']} removed", found)


pool.add_command(fill)


def _change(session: Session, now: Document, changes: Document, *, force: bool = False) -> None:
    """With the version that was read: what somebody else changed meanwhile is not undone."""
    path = f"/pools/{now['id']}"
    _show(session, session.client.patch(path, changes, version=now["version"], force=force))


def _show(session: Session, found: Document) -> None:
    usage = session.client.get(f"/pools/{found['id']}/usage")
    session.printer.one({**found, "usage": usage}, _COLUMNS)
