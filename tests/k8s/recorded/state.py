"""The state that the recorded server was in, given to the fake."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from fixtures.apiserver.answers import Refused
from fixtures.apiserver.kinds import RECORDED
from k8s.recorded.accounts import keep_tokens_of_a_deleted_pod, prepare_accounts

if TYPE_CHECKING:
    from fixtures.apiserver import ApiServer
    from fixtures.apiserver.kinds import Kind

BEGIN = 40_000
"""A version before all that was recorded; older ones were compacted."""
SECOND = 0.02
"""How long a second of the server takes here, seconds."""
NAMESPACES = ("rec", "devops")


def begin(api: ApiServer) -> None:
    """The cluster of the recording, before its first request."""
    api.storage.second = SECOND
    api.parts.namespace_seconds = api.parts.definition_seconds = 60.0
    api.storage.advance_to(BEGIN)
    api.storage.compact()
    for name in NAMESPACES:
        api.ensure_namespace(name)
    for obj in _objects():
        place(api, obj)
    for number in range(30):  # as many pods as make a list of all of them large
        api.pod(f"zz-filler-{number}", namespace="rec", annotations={"fill": "x" * 4096})
    _begin_terminating(api)
    node = {"nodeName": "node1", "containers": []}
    tok = {"name": "tok", "namespace": "rec", "uid": "14a6ac39-db35-4c3e-b673-ff7f3474d094"}
    place(api, {"apiVersion": "v1", "kind": "Pod", "metadata": tok, "spec": node})
    account = {"metadata": {"name": "default", "namespace": "rec", "uid": _ACCOUNT_UID}}
    place(api, {"apiVersion": "v1", "kind": "ServiceAccount", **account})
    prepare_accounts(api)
    keep_tokens_of_a_deleted_pod(api)


_ACCOUNT_UID = "ad4ca948-85a0-4004-b98b-7cc5b065b2d7"


def _begin_terminating(api: ApiServer) -> None:
    """Two namespaces that cannot end, since something in them has a finalizer."""
    held = {"finalizers": ["example.com/hold"]}
    hold = {"name": "hold", "namespace": "rec-term", **held}
    place(api, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": hold, "data": {}})
    there = {"name": "there", "namespace": "rec-term2", "generation": 1, **held}
    spec = {"range": "1.1.1.0/24", "allocations": {}}
    pool = {"apiVersion": "whereabouts.cni.cncf.io/v1alpha1", "kind": "IPPool", "spec": spec}
    place(api, {**pool, "metadata": there})
    ending = {"name": "rec-term2", "deletionTimestamp": "2026-11-29T13:35:02Z"}
    status = {"phase": "Terminating"}
    place(api, {"apiVersion": "v1", "kind": "Namespace", "metadata": ending, "status": status})


@cache
def _objects() -> list[Any]:
    folder = RECORDED / "objects"
    found = [json.loads(file.read_bytes()) for file in sorted((folder / "pods").glob("*.json"))]
    for name in ("nodes-ready", "nads", "whereabouts-and-mirror-with-all-pods"):
        found += json.loads((folder / f"{name}.json").read_bytes())["items"]
    return found


def kind_of(api: ApiServer, obj: Any) -> Kind:
    """The kind of an object."""
    [kind] = [
        one
        for one in api.parts.kinds
        if (one.api_version, one.kind) == (obj["apiVersion"], obj["kind"])
    ]
    return kind


def place(api: ApiServer, obj: Any, version: int = BEGIN) -> None:
    """An object as it always was."""
    kind = kind_of(api, obj)
    metadata = {
        "uid": api.storage.new_uid(),
        "resourceVersion": str(version),
        "creationTimestamp": "2026-11-29T12:00:00Z",
        **obj["metadata"],
    }
    if kind.namespaced:
        api.ensure_namespace(metadata["namespace"])
    api.storage.place(kind, {**obj, "metadata": metadata})


def remove(api: ApiServer, kind: Kind, namespace: str, name: str) -> None:
    """An object that never was."""
    api.storage._objects.get(kind.key, {}).pop((namespace, name), None)
    api.storage._sorted.pop(kind.key, None)


def found(api: ApiServer, kind: Kind, namespace: str, name: str) -> Any:
    """An object, or None."""
    try:
        return api.storage.get(kind, namespace, name)
    except Refused:
        return None
