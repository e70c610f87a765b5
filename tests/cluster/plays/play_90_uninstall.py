"""The release goes, and leaves what the documentation says, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.cleaning import is_installed, uninstall_from_nodes
from cluster.hosts import files_of_rowhouse
from cluster.release import NAME

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.release import Release

# docs/install.md: "Secrets, the database's volume and dumps stay."
KEPT = {"rowhouse-database", "rowhouse-tls", "rowhouse-postgresql-tls"}
KINDS = (
    "deployments",
    "daemonsets",
    "statefulsets",
    "jobs",
    "cronjobs",
    "services",
    "serviceaccounts",
    "configmaps",
    "networkpolicies",
    "poddisruptionbudgets",
    "roles",
    "rolebindings",
)


def test_nothing_is_left_on_the_nodes_nor_in_the_cluster(live: Live, release: Release) -> None:
    kubectl, namespace = live.kubectl, live.namespace
    before = files_of_rowhouse(live)
    assert all(any(one.endswith("/rowhouse") for one in files) for files in before.values())
    uninstall_from_nodes(live)
    live.helm.run("uninstall", NAME, "--namespace", namespace, "--wait", seconds=600)
    assert not is_installed(live)
    selector = f"app.kubernetes.io/instance={NAME},app.kubernetes.io/part-of=rowhouse"
    for kind in KINDS:
        left = {one["metadata"]["name"] for one in kubectl.list(kind, namespace, selector)}
        assert left == set(), kind
    secrets = {one["metadata"]["name"] for one in kubectl.list("secrets", namespace, selector)}
    assert {"rowhouse-database", "rowhouse-tls"} <= secrets <= KEPT
    for kind in ("clusterroles", "clusterrolebindings"):
        names = {one["metadata"]["name"] for one in kubectl.list(kind)}
        assert not [one for one in names if one.startswith(f"{namespace}-")], kind
    for node, files in files_of_rowhouse(live).items():
        assert files == release.files_before[node], f"{node}: not as it was before"
