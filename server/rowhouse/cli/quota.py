"""`rowhouse quota`: how many addresses a namespace may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import commands, completions, lookup
from rowhouse.cli.filters import namespace_filter, pool_filter
from rowhouse.cli.options import change_options, confirm, list_options, yes_option
from rowhouse.cli.output import Column
from rowhouse.cli.saved_view import viewed
from rowhouse.domain.echo import shown

if TYPE_CHECKING:
    from rowhouse.cli.client import Client
    from rowhouse.cli.client.client import Document
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("NAMESPACE", "namespace"),
    Column("POOL", "pool"),
    Column("LIMIT", "addresses", "number"),
    Column("IN USE", "in_use", "number"),
    Column("ID", "id", wide=True),
)
_pool = click.option(
    "--pool",
    shell_complete=completions.pools,
    metavar="POOL",
    help="The pool. Default: all pools together.",
)


@commands.group(short_help="How many addresses a namespace may hold.")
def quota() -> None:
    """Manage quotas: how many addresses a namespace may hold, in one pool or in all pools."""


@quota.command("list")
@namespace_filter
@pool_filter
@list_options
@viewed("quotas")
def list_quotas(session: Session, **conditions: Any) -> None:
    """List quotas. Pool "-" means all pools together."""
    found = session.client.find("/quotas", **conditions)
    session.printer.items(found, _COLUMNS, nothing="no quotas match")


@quota.command("set", short_help="Limit how many addresses a namespace may hold.")
@click.argument("namespace")
@click.argument("limit", type=click.IntRange(0))
@_pool
@change_options
def set_quota(session: Session, *, namespace: str, limit: int, pool: str | None) -> None:
    """Let NAMESPACE hold at most LIMIT addresses. A namespace that already holds more keeps them."""
    client = session.client
    pool_id = lookup.pool(client, pool, None)["id"] if pool else None
    now = _find(client, namespace, pool_id)
    if now is not None:
        made = client.patch(f"/quotas/{now['id']}", {"addresses": limit})
    else:
        wanted = {"namespace": namespace, "pool_id": pool_id, "addresses": limit}
        made = client.post("/quotas", wanted)
    session.printer.one(made, _COLUMNS)


@quota.command()
@click.argument("namespace")
@_pool
@yes_option
@change_options
def delete(session: Session, *, namespace: str, pool: str | None, yes: bool) -> None:
    """Remove the quota of a namespace."""
    pool_id = lookup.pool(session.client, pool, None)["id"] if pool else None
    now = _find(session.client, namespace, pool_id)
    if now is None:
        where = f"in pool {pool}" if pool else ""
        raise lookup.missing("quota", f"of namespace {shown(namespace)}", where)
    confirm(f"Remove the quota of namespace {namespace}?", yes=yes)
    session.client.delete(f"/quotas/{now['id']}")
    session.printer.done(f"quota of namespace {namespace} removed", now)


def _find(client: Client, namespace: str, pool_id: int | None) -> Document | None:
    for found in client.find("/quotas", namespace=namespace):
        if found["pool_id"] == pool_id:
            return found
    return None
