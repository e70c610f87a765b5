"""`rowhouse pool rename` and `rowhouse pool alias`: the names of a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import commands, completions, lookup
from rowhouse.cli.exits import NOT_FOUND, Failure
from rowhouse.cli.filters import network_filter, pool_filter
from rowhouse.cli.options import change_options, confirm, list_options, yes_option
from rowhouse.cli.output import Column
from rowhouse.domain.echo import shown

if TYPE_CHECKING:
    from collections.abc import Collection

    from rowhouse.cli.client.client import Document
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("ALIAS", "name", is_name=True),
    Column("NETWORK", "network", "network"),
    Column("POOL", "cidr"),
    Column("NAME", "pool_name"),
    Column("LAST USED", "last_used_at", "moment"),
    Column("SINCE", "alias_since", "moment"),
    Column("POOL ID", "pool_id", wide=True),
)
_force = click.option(
    "--force",
    is_flag=True,
    help="Proceed even if running pods may have used the old name: an ADD that uses it then fails.",
)


@commands.command(short_help="Rename a pool. Its old name stays as an alias.")
@click.argument("text", metavar="POOL", shell_complete=completions.pools)
@click.argument("new", metavar="NEW-NAME")
@click.option(
    "--network",
    shell_complete=completions.networks,
    help="The pool's network, if several networks have this CIDR.",
)
@click.option(
    "--no-alias", is_flag=True, help="Drop the old name: network configurations that use it fail."
)
@_force
@change_options
def rename(
    session: Session, *, text: str, new: str, network: str | None, no_alias: bool, force: bool
) -> None:
    """Rename a pool.

    Network configurations that use the old name keep working: it stays as an alias.
    `rowhouse pool alias list` shows when each alias was last used.
    """
    found = lookup.pool(session.client, text, network)
    changes: Document = {"name": new}
    if no_alias:
        changes["aliases"] = [one for one in found["aliases"] if one != new]
    changed = _change(session, found, changes, force=force)
    old = found["name"] or found["cidr"]
    kept = changed["aliases"] and f"; also known as {', '.join(changed['aliases'])}"
    what = "already has this name" if old == new else f"renamed to {new}"
    session.printer.done(f"pool {old} {what}{kept or ''}", changed)


@commands.group(short_help="Manage other names of pools.")
def alias() -> None:
    """Manage aliases: other names by which network configurations can refer to a pool."""


@alias.command("list", short_help="List aliases, and when each was last used.")
@network_filter
@pool_filter
@list_options
def list_aliases(session: Session, **conditions: Any) -> None:
    """List aliases, and when an ADD last used each. A new alias shows the time of the rename."""
    found = session.client.find("/aliases", **conditions)
    session.printer.items(found, _COLUMNS, nothing="no aliases match")


@alias.command("add", short_help="Give a pool another name.")
@click.argument("text", metavar="POOL", shell_complete=completions.pools)
@click.argument("name")
@change_options
def add(session: Session, *, text: str, name: str) -> None:
    """Give a pool another NAME, for example the one that it will be renamed to."""
    found = lookup.pool(session.client, text, None)
    if name == found["name"]:
        session.printer.done(f"pool {found['cidr']} already has the name {name}", found)
        return
    changed = _set(session, found, {*found["aliases"], name})
    session.printer.done(f"pool {found['cidr']} is also known as {name}", changed)


@alias.command("delete", short_help="Delete an alias.")
@click.argument("name", shell_complete=completions.aliases)
@_force
@yes_option
@change_options
def delete(session: Session, *, name: str, force: bool, yes: bool) -> None:
    """Delete the alias NAME: network configurations that use it then fail."""
    named = session.client.find("/pools", name=name)
    if not named:
        raise lookup.missing("pool alias", shown(name))
    found = named[0]  # a name or an alias belongs to one pool
    if name not in found["aliases"]:
        raise Failure(
            f"{shown(name)} is not an alias: it is the name of pool {found['cidr']}",
            hint="`rowhouse pool rename` changes the name of a pool.",
            exit_code=NOT_FOUND,
        )
    confirm(f"Delete the alias {name} of pool {found['name'] or found['cidr']}?", yes=yes)
    changed = _set(session, found, {*found["aliases"]} - {name}, force=force)
    session.printer.done(f"alias {name} deleted", changed)


def _set(
    session: Session, pool: Document, aliases: Collection[str], *, force: bool = False
) -> Document:
    return _change(session, pool, {"aliases": sorted(aliases)}, force=force)


def _change(session: Session, pool: Document, changes: Document, *, force: bool) -> Document:
    """Change the version that was read, so that no concurrent change is overwritten."""
    path = f"/pools/{pool['id']}"
    return session.client.patch(path, changes, version=pool["version"], force=force)
