"""Removes everything that a run made, or all runs: also after a failure, Ctrl-C, or a kill.

Whatever a run makes is in a namespace with the run's label or has the label itself, so nothing has to be remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.attachment import BRIDGE_PREFIX
from cluster.facts import WHEREABOUTS_CRDS
from cluster.hosts import delete_bridge
from cluster.manifests import LABEL
from cluster.programs import CommandFailedError
from cluster.release import CHART, NAME
from cluster.waiting import InVainError

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.programs import Kubectl, Object


def clean(live: Live) -> list[str]:
    """Remove what `live.run` made; what could not be done, in the order of its steps.

    Pods go first, while servers and plugin can still take their DELs; then the plugin leaves the nodes, then the
    release its namespace. A step that fails keeps no later one from being tried.
    """
    problems: list[str] = []
    for what, step in (
        ("uncordon nodes", lambda live: uncordon(live.kubectl, live.run)),
        ("delete the namespaces of pods", _delete_namespaces_of_pods),
        ("delete the bridge", _delete_bridge),
        ("take the plugin off the nodes", uninstall_from_nodes),
        ("uninstall the release", _uninstall),
        ("delete what belongs to no namespace", _delete_cluster_objects),
        ("delete the namespace of the release", _delete_namespaces),
    ):
        try:
            step(live)
        except (CommandFailedError, InVainError) as failure:
            problems.append(f"{what}: {failure}")
    return problems


def _delete_namespaces_of_pods(live: Live) -> None:
    for name in sorted(namespaces(live.kubectl, live.run) - {live.namespace}):
        live.kubectl.delete("namespace", name)


def _delete_namespaces(live: Live) -> None:
    for name in sorted(namespaces(live.kubectl, live.run)):
        live.kubectl.delete("namespace", name)


def _delete_bridge(live: Live) -> None:
    # A run that ended early may have tried a bridge and not told.
    may_have_one = not live.interface or live.interface.get("type") == "bridge"
    if may_have_one and live.namespace in namespaces(live.kubectl, live.run):
        delete_bridge(live, f"{BRIDGE_PREFIX}{live.run}")


def _uninstall(live: Live) -> None:
    if is_installed(live):
        where = ["--namespace", live.namespace]
        live.helm.run("uninstall", NAME, *where, "--wait", seconds=600)


def _delete_cluster_objects(live: Live) -> None:
    selector = f"app.kubernetes.io/instance={NAME},app.kubernetes.io/part-of=rowhouse"
    for kind in ("clusterrolebindings", "clusterroles"):
        for one in live.kubectl.list(kind, selector=selector):
            if one["metadata"]["name"].startswith(f"{live.namespace}-"):
                live.kubectl.delete(kind, one["metadata"]["name"])
    for crd in WHEREABOUTS_CRDS:
        if is_ours(live.kubectl.get("customresourcedefinitions", crd), live.run):
            live.kubectl.delete("customresourcedefinitions", crd)


def namespaces(kubectl: Kubectl, run: str) -> set[str]:
    """Those of a run."""
    found = kubectl.list("namespaces", selector=f"{LABEL}={run}")
    return {str(one["metadata"]["name"]) for one in found}


def runs(kubectl: Kubectl) -> set[str]:
    """The runs of which something is left in the cluster."""
    kinds = ("namespaces", "customresourcedefinitions", "nodes")
    found = [one for kind in kinds for one in kubectl.list(kind, selector=LABEL)]
    return {str(one["metadata"]["labels"][LABEL]) for one in found}


def claim_crds(live: Live) -> None:
    """Label the CRDs that the chart of this run installed, since `helm uninstall` leaves them."""
    for crd in WHEREABOUTS_CRDS:
        live.kubectl.run("label", "customresourcedefinition", crd, f"{LABEL}={live.run}")


def cordon(live: Live, node: str) -> None:
    """Close a node, and leave a mark by which the next clean-up opens it again."""
    live.kubectl.run("label", "node", node, f"{LABEL}={live.run}")
    live.kubectl.run("cordon", node)


def uncordon(kubectl: Kubectl, run: str) -> None:
    """Open the nodes that a run closed."""
    for one in kubectl.list("nodes", selector=f"{LABEL}={run}"):
        name = one["metadata"]["name"]
        kubectl.run("uncordon", name)
        kubectl.run("label", "node", name, f"{LABEL}-")


def uninstall_from_nodes(live: Live) -> None:
    """Have every node daemon take the plugin back, as docs/install.md says."""
    where = ["--namespace", live.namespace]
    if not (is_installed(live) and live.kubectl.list("daemonsets", live.namespace)):
        return

    line = ["upgrade", NAME, str(CHART), *where, "--reuse-values", "--set=node.uninstall=true"]
    live.helm.run(*line, "--set=node.maxUnavailable=100%", seconds=600)
    live.kubectl.run(
        "rollout", "status", f"daemonset/{NAME}-node", *where, "--timeout=300s", seconds=360
    )


def is_installed(live: Live) -> bool:
    """Whether helm knows a release of the run, also one that failed."""
    done = live.helm.run("status", NAME, "--namespace", live.namespace, check=False)
    return done.returncode == 0


def is_ours(obj: Object | None, run: str) -> bool:
    """Whether an object has the label of a run."""
    return obj is not None and (obj["metadata"].get("labels") or {}).get(LABEL) == run
