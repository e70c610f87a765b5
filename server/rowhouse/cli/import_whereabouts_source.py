"""The source of `rowhouse import whereabouts`: files, or a live cluster."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from rowhouse.cli.cluster_options import cluster_options
from rowhouse.importers.files import read_files
from rowhouse.importers.whereabouts.live import read_cluster
from rowhouse.k8s.client import kubernetes_client

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.importers.whereabouts.objects import Objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Files if there are `paths`, else a cluster, optionally limited to one namespace for whereabouts' objects."""

    paths: tuple[str, ...]
    namespace: str | None
    kubeconfig: str | None
    context: str | None

    def read(self) -> Objects:
        """Read all objects. Raises InputFailure, TryAgain, NotFound, NotReady."""
        if self.paths:
            return read_files(self.paths)
        with kubernetes_client(self.kubeconfig, self.context) as client:
            return read_cluster(client, self.namespace)

    def __str__(self) -> str:
        return f"whereabouts: {', '.join(self.paths) or 'the cluster'}"


def source_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the source arguments to a command; its first argument is the Source."""

    @click.argument("paths", nargs=-1, metavar="[PATH]...")
    @click.option(
        "--namespace", help="The namespace of whereabouts' objects. Default: all namespaces."
    )
    @cluster_options
    @functools.wraps(command)
    def reader(
        *,
        paths: tuple[str, ...],
        namespace: str | None,
        kubeconfig: str | None,
        context: str | None,
        **given: Any,
    ) -> None:
        if paths and (kubeconfig or context or namespace):
            raise click.UsageError("--kubeconfig, --context and --namespace are for a live cluster")
        source = Source(paths=paths, namespace=namespace, kubeconfig=kubeconfig, context=context)
        command(source, **given)

    return reader
