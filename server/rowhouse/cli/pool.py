"""`rowhouse pool`: CIDRs from which addresses are assigned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import commands, completions, lookup
from rowhouse.cli.filters import label_filter, network_filter
from rowhouse.cli.options import change_options, client_options, confirm, list_options, yes_option
from rowhouse.cli.output import Column
from rowhouse.cli.pool_fill import fill
from rowhouse.cli.pool_names import alias, rename
from rowhouse.cli.pool_options import changes_of, plan_options
from rowhouse.cli.saved_view import viewed
from rowhouse.cli.terminal import plain
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
    Column("ALIASES", "aliases", "list", wide=True),
    Column("LABELS", "labels", "labels", wide=True),
    Column("OVERLAPS", "overlaps", "list", wide=True),
    Column("CREATED", "created_at", "moment", wide=True),
    Column("ID", "id", wide=True),
)
_COLUMNS: Final = (
    Column("NETWORK", "network", "network"),
    Column("POOL", "cidr", is_name=True),
    Column("NAME", "name"),
    *_USAGE,
    Column("DRAINED", "drained", "flag"),
    *_REST,
    Column("DESCRIPTION", "description", wide=True),
)

_network = click.option(
    "--network",
    shell_complete=completions.networks,
    help="The pool's network, if several networks have this CIDR.",
)
_pool = click.argument("text", metavar="POOL", shell_complete=completions.pools)


@commands.group()
def pool() -> None:
    """Manage pools: CIDRs from which addresses are assigned. POOL is a name, an alias, a CIDR or an id."""


@pool.command("list")
@network_filter
@click.option("--name", help="Only the pool with this name or alias.")
@click.option("--cidr", help="Only pools with this CIDR.")
@click.option("--contains", metavar="ADDRESS", help="Only pools whose CIDR contains this address.")
@label_filter
@click.option(
    "--drained/--not-drained",
    default=None,
    help="Only drained pools, or only pools that are not drained.",
)
@list_options
@viewed("pools")
def list_pools(session: Session, **conditions: Any) -> None:
    """List pools and how full they are."""
    found = session.client.find("/pools", usage=True, **conditions)
    session.printer.items(found, _COLUMNS, nothing="no pools match")


@pool.command()
@_pool
@_network
@client_options
def show(session: Session, *, text: str, network: str | None) -> None:
    """Show a pool and how full it is."""
    _show(session, lookup.pool(session.client, text, network))


@pool.command()
@click.argument("cidr")
@click.option(
    "--network",
    shell_complete=completions.networks,
    default="",
    help="Its network, created if needed. Default: the default network.",
)
@click.option(
    "--isolated",
    is_flag=True,
    help="Give the pool its own address space, which no other pool shares.",
)
@click.option(
    "--force", is_flag=True, help="Create it even if a running pod uses the gateway's address."
)
@plan_options
@change_options
def create(
    session: Session, *, cidr: str, network: str, isolated: bool, force: bool, **given: Any
) -> None:
    """Create a pool from a CIDR."""
    plan = {"cidr": cidr, "network": network, "isolated": isolated, "force": force}
    made = session.client.post("/pools", {**plan, **changes_of(given, {})})
    _show(session, made)
    if made["overlaps"] and session.printer.for_people:
        click.echo(
            plain(
                f"{made['cidr']} shares its addresses with {', '.join(made['overlaps'])}:"
                " an address assigned by one is used in all of them."
            ),
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
    help="Reset a field to none, or to the default of the CIDR.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Change it even if this affects reservations or running pods; they stay as they are.",
)
@change_options
def change(
    session: Session,
    *,
    text: str,
    network: str | None,
    unset: tuple[str, ...],
    force: bool,
    **given: Any,
) -> None:
    """Change a pool. Fields without an option stay as they are."""
    now = lookup.pool(session.client, text, network)
    changes = changes_of(given, now["labels"], unset)
    if not changes:
        raise click.UsageError("nothing to change: pass at least one option")
    _change(session, now, changes, force=force)


@pool.command()
@_pool
@_network
@change_options
def drain(session: Session, *, text: str, network: str | None) -> None:
    """Stop assigning new addresses from a pool. Addresses in use stay assigned."""
    _change(session, lookup.pool(session.client, text, network), {"drained": True})


@pool.command()
@_pool
@_network
@change_options
def undrain(session: Session, *, text: str, network: str | None) -> None:
    """Let a drained pool assign addresses again."""
    _change(session, lookup.pool(session.client, text, network), {"drained": False})


@pool.command()
@_pool
@_network
@yes_option
@change_options
def delete(session: Session, *, text: str, network: str | None, yes: bool) -> None:
    """Delete a pool that has no reservations."""
    found = lookup.pool(session.client, text, network)
    confirm(f"Delete pool {found['cidr']} of {named(found['network'])}?", yes=yes)
    session.client.delete(f"/pools/{found['id']}", version=found["version"])
    session.printer.done(f"pool {found['cidr']} deleted", found)


pool.add_command(rename)
pool.add_command(alias)
pool.add_command(fill)


def _change(session: Session, now: Document, changes: Document, *, force: bool = False) -> None:
    """Change the version that was read, so that no concurrent change is overwritten."""
    path = f"/pools/{now['id']}"
    _show(session, session.client.patch(path, changes, version=now["version"], force=force))


def _show(session: Session, found: Document) -> None:
    # After a dry run, the pool does not exist, or is as before.
    usage = None
    if not session.client.is_dry_run:
        usage = session.client.get(f"/pools/{found['id']}/usage")
    session.printer.one({**found, "usage": usage}, _COLUMNS)
