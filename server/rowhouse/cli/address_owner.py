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

_OPTIONS: Final = (
    click.option("--name", required=True, help="Name of the owner: a pod, a device or a person."),
    click.option(
        "--namespace",
        shell_complete=completions.namespaces,
        default="",
        help="Namespace of the pod. Omit it if the owner is not a pod.",
    ),
    click.option("--cluster", default="", help="Cluster of the pod, as in its nodes' settings."),
    click.option(
        "--interface",
        default="",
        help="Interface of the pod, such as net1. Omit it if the owner is not a pod.",
    ),
)


def owner_options(view: Callable[..., None]) -> Callable[..., None]:
    """Add these options to a command."""
    for option in reversed(_OPTIONS):
        view = option(view)
    return view


def owner_of(given: Mapping[str, Any]) -> Document:
    """Return the owner that the options name: an interface of a pod if they name one, else a name.

    Raises:
        click.UsageError: only one of --namespace and --interface is given.
    """
    names_pod = bool(given["namespace"])
    if names_pod != bool(given["interface"]):
        raise click.UsageError("a pod needs both --namespace and --interface")
    return {**given, "kind": "pod" if names_pod else "static"}


def note_without_cluster(client: Client, given: Mapping[str, Any]) -> None:
    """Print a note if the pod has no cluster but the nodes do: then its ADD would not find the address."""
    if not given["namespace"] or given["cluster"]:
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
