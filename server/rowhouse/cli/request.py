"""`rowhouse request`: teams ask for addresses, operators decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

import click

from rowhouse.cli import commands, completions, lookup
from rowhouse.cli.address_owner import owner_of, owner_options
from rowhouse.cli.filters import namespace_filter, pool_filter
from rowhouse.cli.options import change_options, client_options, confirm, list_options, yes_option
from rowhouse.cli.output import Column
from rowhouse.cli.pool_options import labelled
from rowhouse.cli.saved_view import viewed
from rowhouse.cli.times import Duration
from rowhouse.domain.limits import MAX_TTL
from rowhouse.domain.requesting import State

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("ID", "id", is_name=True),
    Column("STATE", "state"),
    Column("POOL", "pool"),
    Column("NAMESPACE", "owner.namespace"),
    Column("NAME", "owner.name"),
    Column("COUNT", "count", "number"),
    Column("REQUESTED BY", "requested_by"),
    Column("REQUESTED", "requested_at", "moment"),
    Column("DECIDED BY", "decided_by"),
    Column("DESCRIPTION", "description"),
    Column("NETWORK", "network", "network", wide=True),
    Column("KIND", "owner.kind", wide=True),
    Column("INTERFACE", "owner.interface", wide=True),
    Column("CLUSTER", "owner.cluster", wide=True),
    Column("LABELS", "labels", "labels", wide=True),
    Column("EXPIRES", "expires_at", "moment", wide=True),
    Column("DECIDED", "decided_at", "moment", wide=True),
    Column("REASON", "reason", wide=True),
)
_DETAILS: Final = (
    *_COLUMNS,
    Column("ADDRESSES", "addresses", "list"),
    Column("NOT FREE NOW", "not_free", "list"),
    Column("NEEDS FORCE", "needs_force", "list"),
    Column("GRANTED", "granted", "list"),
)
_request = click.argument("number", metavar="ID", type=click.IntRange(1))


@commands.group(short_help="Requests for addresses, and their approval.")
def request() -> None:
    """Request addresses for a namespace; approve, decline and withdraw requests."""


@request.command(short_help="Request addresses of a pool.")
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
    help="Request this many of the lowest free addresses. Default: 1.",
)
@owner_options(needs_namespace=True)
@click.option(
    "--ttl",
    type=Duration(least=1, most=MAX_TTL),
    help="Release them after this time, unless a sandbox uses them.",
)
@click.option("--description", default="", metavar="TEXT", help="What the addresses are for.")
@click.option(
    "--label", "labels", metavar="KEY=VALUE", multiple=True, help="Set a label. May be repeated."
)
@click.option(
    "--expires",
    type=Duration(least=1, most=MAX_TTL),
    help="How long the request waits for a decision. Default: 30d.",
)
@change_options
def create(  # noqa: PLR0913 - its options
    session: Session,
    *,
    pool: str,
    addresses: tuple[str, ...],
    network: str | None,
    count: int | None,
    ttl: float | None,
    description: str,
    labels: tuple[str, ...],
    expires: float | None,
    **owner: Any,
) -> None:
    """Ask an operator for the given addresses of a pool, or for the lowest free ones.

    They are reserved when an operator approves the request. A namespace cannot request more than its quota.
    """
    if addresses and count is not None:
        raise click.UsageError("pass either addresses or --count, not both")
    found = lookup.pool(session.client, pool, network)
    wanted = {
        "pool_id": found["id"],
        "addresses": list(addresses) or None,
        "count": count,
        "owner": owner_of(owner),
        "ttl": ttl,
        "description": description,
        "labels": labelled(labels, {}),
    }
    if expires is not None:
        wanted["expires_in"] = expires
    session.printer.one(session.client.post("/requests", wanted), _DETAILS)


@request.command("list")
@click.option("--state", type=click.Choice(get_args(State)), help="Only requests in this state.")
@namespace_filter
@pool_filter
@click.option("--requested-by", metavar="NAME", help="Only requests of this caller.")
@click.option("--limit", type=click.IntRange(1), help="Show at most this many.")
@list_options
@viewed("requests")
def list_requests(session: Session, *, limit: int | None, **conditions: Any) -> None:
    """List requests that match all filters, the latest first."""
    most = session.printer.rows_to_read(limit)
    found = session.client.find("/requests", most=most, **conditions)
    session.printer.items(found, _COLUMNS, nothing="no requests match", limit=limit)


@request.command()
@_request
@client_options
def show(session: Session, *, number: int) -> None:
    """Show a request and the addresses that it got."""
    session.printer.one(session.client.get(f"/requests/{number}"), _DETAILS)


@request.command(short_help="Approve a request and reserve its addresses.")
@_request
@click.option("--force", is_flag=True, help="Allow gateway, network and broadcast addresses.")
@yes_option
@change_options
def approve(session: Session, *, number: int, force: bool, yes: bool) -> None:
    """Approve a request: reserve its addresses. Repeating it reserves nothing more."""
    asked = session.client.get(f"/requests/{number}")
    owner = asked["owner"]
    confirm(
        f"Reserve {asked['count']} of {asked['pool']} for {owner['namespace']}/{owner['name']}?",
        yes=yes,
    )
    session.printer.one(session.client.post(f"/requests/{number}/approve", force=force), _DETAILS)


@request.command()
@_request
@click.option("--reason", required=True, metavar="TEXT", help="The reason, for the team.")
@change_options
def decline(session: Session, *, number: int, reason: str) -> None:
    """Decline a request, with a reason."""
    made = session.client.post(f"/requests/{number}/decline", {"reason": reason})
    session.printer.one(made, _DETAILS)


@request.command()
@_request
@click.option("--reason", default="", metavar="TEXT", help="The reason.")
@change_options
def withdraw(session: Session, *, number: int, reason: str) -> None:
    """Withdraw a request that is no longer needed."""
    made = session.client.post(f"/requests/{number}/withdraw", {"reason": reason})
    session.printer.one(made, _DETAILS)
