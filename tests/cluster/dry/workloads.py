"""The controllers of the dry cluster: workloads get pods, pods get nodes, what belongs to nothing goes."""

from __future__ import annotations

import copy
import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Any

from cluster.dry.store import Refused
from cluster.pods import is_running

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.dry.store import Store
    from cluster.programs import Object

HASH = "pod-template-hash"


class Workloads:
    """One round at a time; `delete` is the API server's way to delete."""

    def __init__(self, store: Store, delete: Callable[..., Object]) -> None:
        self.store = store
        self.delete = delete

    def round(self) -> None:
        """Do what can be done now."""
        for kind, step in (
            ("deployments", self._deployment),
            ("statefulsets", self._stateful_set),
            ("daemonsets", self._daemon_set),
            ("jobs", self._job),
        ):
            for one in self.store.list(kind):
                step(one)
        self._collect()
        for one in self.store.list("pods"):
            if "nodeName" not in one["spec"] and "deletionTimestamp" not in one["metadata"]:
                self._schedule(one)
        for one in self.store.list("namespaces"):
            if "deletionTimestamp" in one["metadata"]:
                self._empty(one["metadata"]["name"])

    def _deployment(self, owner: Object) -> None:
        name = f"{owner['metadata']['name']}-{digest(owner['spec']['template'])}"
        pods = self._pods_of(owner)
        new = [one for one in pods if one["metadata"]["labels"][HASH] == name.rpartition("-")[2]]
        wanted = owner["spec"]["replicas"]
        for _ in range(wanted - len(new)):
            self._make(owner, f"{name}-{secrets.token_hex(3)[:5]}", {HASH: name.rpartition("-")[2]})
        for one in new[wanted:]:
            self._end(one)
        ready = [one for one in new[:wanted] if is_running(one)]
        old = [one for one in pods if one not in new]
        if len(ready) == wanted:
            for one in old:
                self._end(one)
        self._replica_set(owner, name, wanted, len(ready))
        counts = {
            "replicas": len(pods),
            "updatedReplicas": len(new),
            "readyReplicas": len(ready),
            "availableReplicas": len(ready),
            "conditions": [
                {"type": "Available", "status": str(len(ready) == wanted)},
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            ],
        }
        self._tell(owner, counts)

    def _replica_set(self, owner: Object, name: str, wanted: int, ready: int) -> None:
        """helm looks for one with the Deployment's template."""
        spec = copy.deepcopy(owner["spec"])
        made = {
            "metadata": {
                "name": name,
                "labels": spec["template"]["metadata"]["labels"],
                "ownerReferences": [reference(owner)],
            },
            "spec": {key: spec[key] for key in ("selector", "template")} | {"replicas": wanted},
            "status": {"replicas": wanted, "readyReplicas": ready, "availableReplicas": ready},
        }
        self.store.put("replicasets", owner["metadata"]["namespace"], made)

    def _stateful_set(self, owner: Object) -> None:
        revision = digest(owner["spec"]["template"])
        wanted = [f"{owner['metadata']['name']}-{n}" for n in range(owner["spec"]["replicas"])]
        pods = {one["metadata"]["name"]: one for one in self._pods_of(owner)}
        for name in wanted:
            if name not in pods:
                self._make(owner, name, {HASH: revision})
        for name, one in pods.items():
            if name not in wanted:
                self._end(one)
        old = [one for one in pods.values() if one["metadata"]["labels"][HASH] != revision]
        ready = [one for one in pods.values() if is_running(one)]
        if old and len(ready) == len(pods):
            self._end(old[-1])
        fresh = len(pods) - len(old)
        counts = {
            "replicas": len(pods),
            "readyReplicas": len(ready),
            "availableReplicas": len(ready),
            "updatedReplicas": fresh,
            "currentReplicas": fresh,
            "updateRevision": revision,
            "currentRevision": "old" if old or fresh < len(wanted) else revision,
        }
        self._tell(owner, counts)

    def _daemon_set(self, owner: Object) -> None:
        revision = digest(owner["spec"]["template"])
        nodes = [one["metadata"]["name"] for one in self.store.list("nodes")]
        pods = {one["spec"].get("nodeName", ""): one for one in self._pods_of(owner)}
        for node in nodes:
            if node not in pods:
                self._make(
                    owner,
                    f"{owner['metadata']['name']}-{secrets.token_hex(3)[:5]}",
                    {HASH: revision},
                    node=node,
                )
        old = [one for one in pods.values() if one["metadata"]["labels"][HASH] != revision]
        for one in old:
            self._end(one)
        ready = [one for one in pods.values() if is_running(one)]
        counts = {
            "desiredNumberScheduled": len(nodes),
            "currentNumberScheduled": len(pods),
            "updatedNumberScheduled": len(pods) - len(old),
            "numberReady": len(ready),
            "numberAvailable": len([one for one in ready if one not in old]),
        }
        self._tell(owner, counts)

    def _job(self, owner: Object) -> None:
        pods = self._pods_of(owner)
        phases = [one.get("status", {}).get("phase") for one in pods]
        failed = phases.count("Failed")
        is_over = bool((owner.get("status") or {}).get("conditions"))
        if not is_over and failed == len(pods):
            if failed > min(owner["spec"].get("backoffLimit", 6), 0):
                condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
                self._tell(owner, {"failed": failed, "conditions": [condition]})
                return
            self._make(owner, f"{owner['metadata']['name']}-{secrets.token_hex(3)[:5]}", {})
            self._tell(owner, {"startTime": owner["metadata"]["creationTimestamp"], "active": 1})
        elif "Succeeded" in phases and not is_over:
            condition = {"type": "Complete", "status": "True"}
            self._tell(owner, {"succeeded": 1, "active": 0, "conditions": [condition]})

    def _pods_of(self, owner: Object) -> list[Object]:
        uid = owner["metadata"]["uid"]
        return [
            one
            for one in self.store.list("pods", owner["metadata"]["namespace"])
            if uid in {ref["uid"] for ref in one["metadata"].get("ownerReferences") or []}
        ]

    def _make(self, owner: Object, name: str, labels: dict[str, str], *, node: str = "") -> None:
        template = copy.deepcopy(owner["spec"]["template"])
        metadata = template["metadata"]
        made = {
            "metadata": {
                "name": name,
                "labels": {**metadata.get("labels", {}), **labels},
                "annotations": metadata.get("annotations") or {},
                "ownerReferences": [reference(owner)],
            },
            "spec": {**template["spec"], **({"nodeName": node} if node else {})},
        }
        self.store.put("pods", owner["metadata"]["namespace"], made)

    def _end(self, pod: Object) -> None:
        if "deletionTimestamp" not in pod["metadata"]:
            self.delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])

    def _tell(self, owner: Object, counts: dict[str, Any]) -> None:
        plural = f"{owner['kind'].lower()}s"
        metadata = owner["metadata"]
        status = {"observedGeneration": metadata["generation"], **counts}

        def change(obj: Object) -> None:
            obj["status"] = {**(obj.get("status") or {}), **status}

        self._quietly(self.store.change, plural, metadata["namespace"], metadata["name"], change)

    def _schedule(self, pod: Object) -> None:
        selector = (pod["spec"].get("nodeSelector") or {}).items()
        everywhere = self.store.list("pods")
        found = [
            one["metadata"]["name"]
            for one in self.store.list("nodes")
            if selector <= one["metadata"]["labels"].items()
            and not one["spec"].get("unschedulable")
        ]
        labels = {k: v for k, v in pod["metadata"]["labels"].items() if k != HASH}
        alike = [
            one["spec"].get("nodeName")
            for one in everywhere
            if labels.items() <= one["metadata"]["labels"].items()
        ]
        if not found:
            return
        node = min(found, key=alike.count)

        def change(obj: Object) -> None:
            obj["spec"]["nodeName"] = node

        metadata = pod["metadata"]
        self._quietly(self.store.change, "pods", metadata["namespace"], metadata["name"], change)

    def _collect(self) -> None:
        """What belongs to an owner that is gone goes, too."""
        there = {one["metadata"]["uid"] for one in list(self.store.objects.values())}
        for (plural, namespace, name), one in list(self.store.objects.items()):
            owners = one["metadata"].get("ownerReferences") or []
            is_ending = "deletionTimestamp" in one["metadata"]
            if owners and not is_ending and not {ref["uid"] for ref in owners} & there:
                self._quietly(self.delete, plural, namespace, name)

    def _empty(self, namespace: str) -> None:
        """Delete what is in a namespace, and the namespace itself when nothing is."""
        left = [key for key in list(self.store.objects) if key[1] == namespace]
        for plural, _, name in left:
            one = self.store.objects.get((plural, namespace, name))
            if one is not None and "deletionTimestamp" not in one["metadata"]:
                self._quietly(self.delete, plural, namespace, name)
        if not left:
            self._quietly(self.store.remove, "namespaces", "", namespace)

    @staticmethod
    def _quietly(function: Callable[..., Any], *arguments: Any) -> None:
        """Another one was faster: the next round sees it."""
        try:
            function(*arguments)
        except Refused as refused:
            if refused.code not in {404, 409}:
                raise


def digest(template: Object) -> str:
    """A name for a template."""
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]


def reference(owner: Object) -> Object:
    """An owner, as those that it owns name it."""
    metadata = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
