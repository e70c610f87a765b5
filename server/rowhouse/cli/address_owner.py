"""The options for the owner of an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import completions
from rowhouse.cli.exits import Failure
from rowhouse.cli.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rowhouse.cli.client.client import Client, Document

_MAX_NODES: Final = 1000


def owner_options(
    *, needs_namespace: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what adds these options to a command. `needs_namespace`: --namespace is required."""
    namespace_help = "Namespace of the owner, whose quota applies."
    options = (
        click.option(
            "--name", required=True, help="Name of the owner: a device, a service or a pod."
        ),
        click.option(
            "--namespace",
            shell_complete=completions.namespaces,
            help=namespace_help if needs_namespace else f"{namespace_help} A pod needs one.",
            **({"required": True} if needs_namespace else {"default": ""}),
        ),
        click.option(
            "--interface",
            default="",
            help="For a pod: its interface, such as net1. Only a pod has one.",
        ),
        click.option(
            "--cluster", default="", help="For a pod: its cluster, as in its nodes' settings."
        ),
    )

    def with_options(view: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            view = option(view)
        return view

    return with_options


def owner_of(given: Mapping[str, Any]) -> Document:
    """Return the owner that the options name: a pod if they name an interface. The server checks the rest."""
    return {**given, "kind": "pod" if given["interface"] else "static"}


def note_without_cluster(client: Client, given: Mapping[str, Any]) -> None:
    """Print a note if the pod has no cluster but the nodes do: then its ADD would not find the address."""
    if not given["interface"] or given["cluster"]:
        return
    try:
        nodes = client.find("/nodes", most=_MAX_NODES)
    except Failure:  # an older server has no such list, and the addresses are reserved
        return
    clusters = sorted({node["cluster"] for node in nodes})
    if clusters and clusters != [""]:
        named = ", ".join(f'"{cluster}"' for cluster in clusters)
        click.echo(
            plain(
                f'Note: reserved for a pod of the cluster "", but nodes belong to {named}.'
                " If the pod runs in one of them, release the reservation and pass --cluster."
            ),
            err=True,
        )
