"""`rowhouse comment`: comments on addresses and pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import commands, completions, lookup
from rowhouse.cli.exits import NOT_FOUND, Failure
from rowhouse.cli.filters import network_filter, pool_filter
from rowhouse.cli.options import change_options, confirm, list_options, yes_option
from rowhouse.cli.output import Column

if TYPE_CHECKING:
    from rowhouse.cli.client import Client
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("ID", "id", is_name=True),
    Column("NETWORK", "network", "network"),
    Column("ADDRESS", "address"),
    Column("POOL", "pool"),
    Column("AUTHOR", "author"),
    Column("WRITTEN", "written_at", "moment"),
    Column("TEXT", "text"),
)
_about = click.argument("about", metavar="ADDRESS|POOL", shell_complete=completions.pools)
_network = click.option(
    "--network",
    shell_complete=completions.networks,
    help="The network, if several networks have the address or the CIDR.",
)


@commands.group(short_help="Comments on addresses and pools.")
def comment() -> None:
    """Read, write and delete comments on addresses and pools."""


@comment.command("list")
@click.option("--address", type=lookup.HostAddress(), help="Only comments on this address.")
@pool_filter
@network_filter
@list_options
def list_comments(session: Session, **conditions: Any) -> None:
    """List comments that match all filters, the latest first. --pool finds those on the pool itself."""
    found = session.client.find("/comments", **conditions)
    session.printer.items(found, _COLUMNS, nothing="no comments match")


@comment.command()
@_about
@click.argument("text")
@_network
@change_options
def add(session: Session, *, about: str, text: str, network: str | None) -> None:
    """Comment on an address or a pool. A comment on an address stays when its reservation ends."""
    wanted = {**_object(session.client, about, network), "text": text}
    session.printer.one(session.client.post("/comments", wanted), _COLUMNS)


@comment.command(short_help="Delete a comment.")
@click.argument("number", metavar="ID", type=click.IntRange(1))
@yes_option
@change_options
def delete(session: Session, *, number: int, yes: bool) -> None:
    """Delete a comment of your own; an administrator can delete any."""
    found = session.client.get(f"/comments/{number}")
    confirm(f"Delete comment {number} of {found['author']}?", yes=yes)
    session.client.delete(f"/comments/{number}")
    session.printer.done(f"comment {number} deleted", found)


def _object(client: Client, about: str, network: str | None) -> dict[str, Any]:
    """Return the fields that name a pool, or an address with its network."""
    if "/" in about or not _is_address(about):
        return {"pool_id": lookup.pool(client, about, network)["id"]}
    networks = {
        pool["network_id"] for pool in client.find("/pools", contains=about, network=network)
    }
    if not networks:
        raise Failure(
            f"no pool contains {about}",
            hint="`rowhouse pool list` lists the pools.",
            exit_code=NOT_FOUND,
        )
    if len(networks) > 1:
        raise Failure(f"several networks have {about}", hint="Select the network with --network.")
    return {"network_id": networks.pop(), "address": about}


def _is_address(text: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - rarely needed

    try:
        ip_address(text)
    except ValueError:
        return False
    return True
