"""What `kubectl get` shows: a Table, as a server makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cluster.programs import Object

_POD: Final = ("Name", "Ready", "Status", "Restarts", "Age", "IP", "Node")


def table(kind: str, objects: list[Object], version: str) -> Object:
    """Rows of objects; those of pods have the columns of pods."""
    names = _POD if kind == "Pod" else ("Name", "Age")
    columns = [
        {
            "name": name,
            "type": "string",
            "format": "name" if name == "Name" else "",
            "priority": int(name in {"IP", "Node"}),
        }
        for name in names
    ]
    rows = [
        {
            "cells": _pod(one) if kind == "Pod" else [one["metadata"]["name"], "5s"],
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": one["metadata"],
            },
        }
        for one in objects
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": columns,
        "rows": rows,
    }


def _pod(pod: Object) -> list[str]:
    status = pod.get("status", {})
    containers = status.get("containerStatuses") or []
    ready = f"{sum(one['ready'] for one in containers)}/{len(pod['spec']['containers'])}"
    phase = status.get("phase", "Pending")
    if "deletionTimestamp" in pod["metadata"]:
        phase = "Terminating"
    node = pod["spec"].get("nodeName", "<none>")
    return [pod["metadata"]["name"], ready, phase, "0", "5s", status.get("podIP", "<none>"), node]
