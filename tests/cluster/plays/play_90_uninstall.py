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
# Made for a backup or an import, or deleted by Kubernetes when they are done.
NOT_ALWAYS = {"cronjobs", "jobs"}
CLUSTER_KINDS = ("clusterroles", "clusterrolebindings")


def test_nothing_is_left_on_the_nodes_nor_in_the_cluster(live: Live, release: Release) -> None:
    before = files_of_rowhouse(live)
    assert set(before) == set(live.facts.nodes)
    assert all(any(one.endswith("/rowhouse") for one in files) for files in before.values())
    # What is looked for afterwards is found before: else its absence would prove nothing.
    there = {kind for kind in KINDS if names_of(live, kind)}
    assert there >= set(KINDS) - NOT_ALWAYS
    for kind in CLUSTER_KINDS:
        assert names_in_cluster(live, kind) != set(), kind
    uninstall_from_nodes(live)
    live.helm.run("uninstall", NAME, "--namespace", live.namespace, "--wait", seconds=600)
    assert not is_installed(live)
    for kind in KINDS:
        assert names_of(live, kind) == set(), kind
    assert {"rowhouse-database", "rowhouse-tls"} <= names_of(live, "secrets") <= KEPT
    for kind in CLUSTER_KINDS:
        assert names_in_cluster(live, kind) == set(), kind
    for node, files in files_of_rowhouse(live).items():
        assert files == release.files_before[node], f"{node}: not as it was before"


def names_of(live: Live, kind: str) -> set[str]:
    """The release's objects of a kind in its namespace."""
    selector = f"app.kubernetes.io/instance={NAME},app.kubernetes.io/part-of=rowhouse"
    return {
        str(one["metadata"]["name"]) for one in live.kubectl.list(kind, live.namespace, selector)
    }


def names_in_cluster(live: Live, kind: str) -> set[str]:
    """The release's objects of a kind that is in no namespace; their names begin with the release's namespace."""
    found = {str(one["metadata"]["name"]) for one in live.kubectl.list(kind)}
    return {one for one in found if one.startswith(f"{live.namespace}-")}
