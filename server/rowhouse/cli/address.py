"""`rowhouse address`: which addresses are reserved, by what, and which are free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

import click

from rowhouse.cli import commands, completions, lookup
from rowhouse.cli.address_labels import label
from rowhouse.cli.address_owner import note_without_cluster, owner_of, owner_options
from rowhouse.cli.filters import (
    cluster_filter,
    label_filter,
    namespace_filter,
    network_filter,
    node_filter,
    pool_filter,
)
from rowhouse.cli.options import change_options, client_options, confirm, list_options, yes_option
from rowhouse.cli.output import Column
from rowhouse.cli.pool_options import label_changes, labelled
from rowhouse.cli.saved_view import viewed
from rowhouse.cli.terminal import plain
from rowhouse.cli.times import Duration
from rowhouse.domain.administration import AnyOwnerKind
from rowhouse.domain.limits import MAX_TTL
from rowhouse.domain.runs import joined, length, lowest

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("NETWORK", "network", "network"),
    Column("ADDRESS", "address", is_name=True),
    Column("KIND", "owner.kind"),
    Column("NAMESPACE", "owner.namespace"),
    Column("NAME", "owner.name"),
    Column("INTERFACE", "owner.interface"),
    Column("NODE", "node"),
    Column("SINCE", "reserved_at", "moment"),
    Column("EXPIRES", "expires_at", "moment"),
    Column("POOL", "pool", wide=True),
    Column("CLUSTER", "owner.cluster", wide=True),
    Column("UID", "owner.uid", wide=True),
    Column("CONTAINER", "container_id", wide=True),
    Column("MAC", "mac", wide=True),
    Column("STICKY", "sticky", "flag", wide=True),
    Column("ATTACHMENTS", "attachments", "number", wide=True),
    Column("LABELS", "labels", "labels", wide=True),
    Column("DESCRIPTION", "description", wide=True),
)
_DETAILS: Final = (*_COLUMNS, Column("SANDBOXES", "attached", "json"))

_RUNS: Final = (
    Column("FIRST", "first"),
    Column("LAST", "last"),
    Column("ADDRESSES", "addresses", "number"),
)
_ONE_BY_ONE: Final = (Column("ADDRESS", "address"),)
_MAX_FREE: Final = 65536
"""Maximum number of addresses to list one by one."""

_network = click.option(
    "--network",
    shell_complete=completions.networks,
    help="The network, if several networks have the address.",
)
_labels = click.option(
    "--label",
    "labels",
    metavar="KEY=VALUE",
    multiple=True,
    help="Set a label; KEY- removes it. May be repeated.",
)
_pool = click.option(
    "--pool", shell_complete=completions.pools, metavar="POOL", help="The pool, if it is isolated."
)


@commands.group()
def address() -> None:
    """Manage addresses and their owners; find free ones."""


@address.command("list")
@network_filter
@pool_filter
@click.option("--address", type=lookup.HostAddress(), help="Only this address.")
@click.option("--prefix", metavar="CIDR", help="Only addresses in this CIDR.")
@click.option("--kind", type=click.Choice(get_args(AnyOwnerKind)), help="Only owners of this kind.")
@cluster_filter
@namespace_filter
@click.option("--name", help="Only owners with this name.")
@node_filter
@click.option("--container-id", help="Only this sandbox.")
@click.option("--mac", help="Only sandboxes that requested this MAC address, in any spelling.")
@label_filter
@click.option("--limit", type=click.IntRange(1), help="Show at most this many.")
@list_options
@viewed("reservations")
def list_addresses(session: Session, *, limit: int | None, **conditions: Any) -> None:
    """List the reserved addresses that match all filters."""
    most = session.printer.rows_to_read(limit)
    reservations = session.client.find("/reservations", most=most, **conditions)
    session.printer.items(reservations, _COLUMNS, nothing="no reservations match", limit=limit)


@address.command(short_help="List the free addresses of a pool.")
@click.argument("text", metavar="POOL", shell_complete=completions.pools)
@click.option(
    "--network",
    shell_complete=completions.networks,
    help="The pool's network, if several networks have its CIDR.",
)
@click.option(
    "--count",
    type=click.IntRange(1, _MAX_FREE),
    help="List this many of the lowest ones, one per line, instead of ranges.",
)
@click.option(
    "--quarantined",
    is_flag=True,
    help="List the addresses that the reuse delay holds back instead.",
)
@list_options
def free(
    session: Session, *, text: str, network: str | None, count: int | None, quarantined: bool
) -> None:
    """List the addresses that can be reserved or assigned now, as ranges.

    Gateways, exclusions, addresses outside the window, and network and broadcast addresses are not among them.
    """
    found = lookup.pool(session.client, text, network)
    path = f"/pools/{found['id']}/free"
    parts = session.client.find(path, most=count, quarantined=quarantined)
    runs = joined((part["first"], part["last"]) for part in parts)
    nothing = f"no address of {found['cidr']} is {'in quarantine' if quarantined else 'free'}"
    if count is None:
        found_runs = [{"first": run[0], "last": run[1], "addresses": length(run)} for run in runs]
        session.printer.items(found_runs, _RUNS, nothing=nothing)
    else:
        one_by_one = [{"address": one} for one in lowest(runs, count)]
        session.printer.items(one_by_one, _ONE_BY_ONE, nothing=nothing)


@address.command()
@click.argument("address", type=lookup.HostAddress())
@_network
@_pool
@client_options
def show(session: Session, *, address: str, network: str | None, pool: str | None) -> None:
    """Show a reservation and the sandboxes that use it."""
    found = lookup.reservation(session.client, address, network, pool)
    path = f"/reservations/{found['network_id']}/{found['address']}"
    session.printer.one(session.client.get(path), _DETAILS)


@address.command(short_help="Reserve addresses of a pool.")
@click.argument("pool", shell_complete=completions.pools)
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1, type=lookup.HostAddress())
@click.option(
    "--network",
    shell_complete=completions.networks,
    help="The pool's network, if several networks have its CIDR.",
)
@click.option(
    "--count",
    type=click.IntRange(1),
    help="Reserve this many of the lowest free addresses. Default: 1.",
)
@owner_options()
@click.option(
    "--ttl",
    type=Duration(least=1, most=MAX_TTL),
    help="Release it after this time, unless a sandbox uses it.",
)
@click.option("--description", default="", metavar="TEXT", help="What the reservation is for.")
@_labels
@click.option("--force", is_flag=True, help="Allow gateway, network and broadcast addresses.")
@change_options
def reserve(
    session: Session,
    *,
    pool: str,
    addresses: tuple[str, ...],
    network: str | None,
    count: int | None,
    ttl: float | None,
    description: str,
    force: bool,
    **owner: Any,
) -> None:
    """Reserve the given addresses of a pool, or the lowest free ones: all of them or none.

    They stay reserved until they are released. If the owner is a pod, it gets them with its ADD.
    """
    if addresses and count is not None:
        raise click.UsageError("pass either addresses or --count, not both")
    labels = labelled(owner.pop("labels"), {})
    found = lookup.pool(session.client, pool, network)
    wanted = {
        "pool_id": found["id"],
        "addresses": list(addresses) or None,
        "count": count,
        "owner": owner_of(owner),
        "ttl": ttl,
        "description": description,
        "labels": labels,
        "force": force,
    }
    made = session.client.post("/reservations", wanted)["items"]
    note_without_cluster(session.client, owner)
    session.printer.items(made, _COLUMNS, nothing="no addresses were reserved")


@address.command()
@click.argument(
    "addresses", metavar="ADDRESS...", nargs=-1, required=True, type=lookup.HostAddress()
)
@_network
@_pool
@click.option(
    "--force",
    is_flag=True,
    help="Release it even if a sandbox uses it: a running pod would keep using it.",
)
@yes_option
@change_options
def release(
    session: Session,
    *,
    addresses: tuple[str, ...],
    network: str | None,
    pool: str | None,
    force: bool,
    yes: bool,
) -> None:
    """Release addresses, one after another."""
    found = [lookup.reservation(session.client, address, network, pool) for address in addresses]
    owners = ", ".join(
        f"{one['address']} ({one['owner']['namespace']}/{one['owner']['name']})" for one in found
    )
    confirm(f"Release {owners}?", yes=yes)
    for one in found:
        path = f"/reservations/{one['network_id']}/{one['address']}"
        session.client.delete(path, force=force)
        if session.printer.for_people:
            click.echo(plain(f"{one['address']} released"))
    if not session.printer.for_people:
        session.printer.items(found, _COLUMNS, nothing="")


@address.command(short_help="Change description, labels or TTL of a reservation.")
@click.argument("address", type=lookup.HostAddress())
@_network
@_pool
@click.option("--description", metavar="TEXT", help="What the reservation is for.")
@_labels
@click.option(
    "--ttl",
    type=Duration(least=1, most=MAX_TTL),
    help="Release it after this time without a sandbox.",
)
@click.option("--no-ttl", is_flag=True, help="Keep it until it is released.")
@change_options
def edit(
    session: Session,
    *,
    address: str,
    network: str | None,
    pool: str | None,
    description: str | None,
    labels: tuple[str, ...],
    ttl: float | None,
    no_ttl: bool,
) -> None:
    """Change the description or labels of a reservation, or how long it stays without a sandbox.

    With --ttl or --no-ttl, a reservation made by an ADD becomes a manual one: a DEL does not release it.
    """
    changes: dict[str, Any] = {} if description is None else {"description": description}
    if ttl is not None and no_ttl:
        raise click.UsageError("pass either --ttl or --no-ttl, not both")
    if ttl is not None or no_ttl:
        changes["ttl"] = ttl
    if not changes and not labels:
        raise click.UsageError("nothing to change: pass --description, --label, --ttl or --no-ttl")
    found = lookup.reservation(session.client, address, network, pool)
    if labels:
        changes["label_changes"] = label_changes(labels)
    path = f"/reservations/{found['network_id']}/{found['address']}"
    session.printer.one(session.client.patch(path, changes), _COLUMNS)


@address.command()
@click.argument("address", type=lookup.HostAddress())
@_network
@_pool
@owner_options()
@click.option(
    "--force",
    is_flag=True,
    help="Reassign it even if a sandbox uses it: a running pod would keep using it.",
)
@yes_option
@change_options
def reassign(
    session: Session,
    *,
    address: str,
    network: str | None,
    pool: str | None,
    force: bool,
    yes: bool,
    **owner: Any,
) -> None:
    """Reassign a reservation to another owner. It then stays until it is released; the history shows both owners."""
    found = lookup.reservation(session.client, address, network, pool)
    before = f"{found['owner']['namespace']}/{found['owner']['name']}"
    confirm(f"Take {found['address']} from {before}?", yes=yes)
    path = f"/reservations/{found['network_id']}/{found['address']}/reassign"
    wanted = {"owner": owner_of(owner), "force": force}
    session.printer.one(session.client.post(path, wanted), _COLUMNS)


address.add_command(label)
