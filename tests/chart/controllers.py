"""What the controllers of Kubernetes tell of workloads whose pods run as processes, or do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chart.cluster import Cluster
    from chart.manifests import Object


def tell(cluster: Cluster, kind: str, name: str) -> None:
    """Set the status of an object whose pods are all ready, as its controller does."""
    for path, one in list(cluster.objects.items()):
        if (one["kind"], one["metadata"]["name"]) == (kind, name):
            seen = {"observedGeneration": one["metadata"]["generation"]} if kind != "Job" else {}
            cluster.set_status(path, seen | _status(kind, one["spec"].get("replicas", 1)))
            return
    raise AssertionError(f"no {kind} {name}")


def bind_claims(cluster: Cluster) -> None:
    """Give every claim its volume."""
    for path, one in list(cluster.objects.items()):
        if one["kind"] == "PersistentVolumeClaim":
            cluster.set_status(path, {"phase": "Bound"})


def _status(kind: str, number: int) -> Object:
    if kind == "Deployment":
        names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        conditions = [
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            {"type": "Available", "status": "True"},
        ]
        return dict.fromkeys(names, number) | {"conditions": conditions}
    if kind == "StatefulSet":
        names = ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas")
        revision = {"currentRevision": "one", "updateRevision": "one"}
        return dict.fromkeys(names, number) | revision
    if kind == "DaemonSet":
        scheduled = ("desired", "current", "updated")
        found = {f"{one}NumberScheduled": number for one in scheduled}
        return found | {"numberAvailable": number, "numberReady": number}
    assert kind == "Job"
    complete = [{"type": "Complete", "status": "True"}]
    return {"startTime": "2026-01-01T00:00:00Z", "succeeded": number, "conditions": complete}
