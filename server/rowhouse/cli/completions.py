"""Shell completion of the names that a server knows: pools, networks, namespaces, nodes, views."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli.client import open_client
from rowhouse.domain.errors import RowhouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from rowhouse.cli.client import Client
    from rowhouse.cli.client.client import Document

MAX_READ: Final = 1000
"""Maximum number of rows that one completion reads: the shell is waiting."""


def pools(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names and CIDRs of pools."""
    return _matching(ctx, incomplete, "/pools", _names_of_pool)


def aliases(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Aliases of pools."""
    return _matching(ctx, incomplete, "/aliases", lambda one: [one["name"]])


def networks(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of networks."""
    return _matching(ctx, incomplete, "/networks", lambda one: [one["name"]])


def namespaces(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Namespaces that hold addresses or have a quota."""
    held = _matching(ctx, incomplete, "/reservations", lambda one: [one["owner"]["namespace"]])
    limited = _matching(ctx, incomplete, "/quotas", lambda one: [one["namespace"]])
    return sorted({*held, *limited})


def nodes(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of nodes whose agents report."""
    return _matching(ctx, incomplete, "/nodes", lambda one: [one["node"]])


def views(table: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return a completion with the names of the saved views of a table."""

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        return _matching(ctx, incomplete, "/views", lambda one: [one["name"]], table=table)

    return complete


def _names_of_pool(pool: Document) -> list[str]:
    return [pool["name"] or "", pool["cidr"]]


def _matching(
    ctx: click.Context,
    incomplete: str,
    path: str,
    names: Callable[[Document], Iterable[str]],
    **conditions: str,
) -> list[str]:
    """Return the names that begin with `incomplete`; none if the server does not answer."""
    try:
        with _client(ctx) as client:
            found = client.find(path, most=MAX_READ, **conditions)
    except (click.ClickException, RowhouseError, OSError):
        return []
    return sorted(
        {name for one in found for name in names(one) if name.startswith(incomplete)} - {""}
    )


def _client(ctx: click.Context) -> AbstractContextManager[Client]:
    given = ctx.params
    return open_client(
        given.get("server") or os.environ.get("ROWHOUSE_SERVER"),
        given.get("token_file") or os.environ.get("ROWHOUSE_TOKEN_FILE"),
        given.get("ca_file") or os.environ.get("ROWHOUSE_CA_FILE"),
    )
