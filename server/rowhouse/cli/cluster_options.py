"""Options that select a Kubernetes cluster and the way to reach it."""

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
            help="The cluster's name, as in its nodes' settings (ROWHOUSE_CLUSTER).",
        ),
        click.option(
            "--kubeconfig",
            type=click.Path(exists=True, dir_okay=False),
            help="The kubeconfig file. Default: the pod's service account, then KUBECONFIG, then ~/.kube/config.",
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
    help="The namespace of whereabouts' objects (ROWHOUSE_MIRROR_NAMESPACE).",
)
