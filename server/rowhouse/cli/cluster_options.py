"""Options that tell which Kubernetes cluster, and how to reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def cluster_options(command: Callable[..., None]) -> Callable[..., None]:
    """--cluster, --kubeconfig, --context."""
    for option in (
        click.option(
            "--cluster",
            envvar="ROWHOUSE_CLUSTER",
            default="",
            help="The name with which the nodes of this cluster call (ROWHOUSE_CLUSTER).",
        ),
        click.option(
            "--kubeconfig",
            type=click.Path(exists=True, dir_okay=False),
            help="Without one: the service account of the pod, KUBECONFIG, ~/.kube/config.",
        ),
        click.option("--context", help="The context of the kubeconfig to use."),
    ):
        command = option(command)
    return command


mirror_namespace_option = click.option(
    "--mirror-namespace",
    envvar="ROWHOUSE_MIRROR_NAMESPACE",
    default="kube-system",
    show_default=True,
    help="Where whereabouts' objects are (ROWHOUSE_MIRROR_NAMESPACE).",
)
