"""What must be there, or not, for an exchange to come out as recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from k8s.recorded.state import BEGIN, found, place, remove

if TYPE_CHECKING:
    from fixtures.apiserver import ApiServer
    from fixtures.apiserver.kinds import Kind
    from k8s.recorded.exchanges import Exchange

_WORKLOADS: dict[str, Any] = {
    "clusterrolebindings/multus": {
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "multus",
        },
        "subjects": [],
    },
    "deployments/rowhouse-server": {
        "spec": {
            "selector": {
                "matchLabels": {
                    f"app.kubernetes.io/{key}": value
                    for key, value in (
                        ("component", "server"),
                        ("instance", "rowhouse"),
                        ("name", "rowhouse"),
                    )
                }
            },
        }
    },
    "configmaps/imm": {"immutable": True, "data": {"a": "b"}},
}


def prepare(api: ApiServer, exchange: Exchange) -> None:
    """What must be there, or not, for an exchange to come out as recorded, and the version of the moment."""
    route = exchange.route
    kind = api.parts.kinds.find(route.group, route.version, route.resource)
    if kind is None or exchange.status is None:
        return
    namespace = route.namespace if kind.namespaced else ""
    writes = exchange.request["method"] in {"POST", "PUT", "PATCH", "DELETE"}
    changes = writes and exchange.status < 300 and "dryRun" not in exchange.query
    api.storage.advance_to(exchange.version - changes)
    if route.verb == "create" and not route.name:
        _prepare_create(api, kind, namespace, exchange)
    elif route.verb == "patch" and exchange.status == 201:
        remove(api, kind, namespace, route.name)
    elif route.name and exchange.body.get("reason") != "NotFound":
        _prepare_object(api, kind, namespace, exchange)
    elif route.name and not route.subresource:
        remove(api, kind, namespace, route.name)


def _prepare_create(api: ApiServer, kind: Kind, namespace: str, exchange: Exchange) -> None:
    body = exchange.request.get("body")
    if not isinstance(body, dict):
        return
    metadata = exchange.body.get("metadata") or _begin_of_metadata(exchange.text)
    if uid := metadata.get("uid"):
        api.storage.new_uid = lambda: uid
    if prefix := metadata.get("generateName"):
        api.parts.create.new_suffix = lambda: metadata["name"].removeprefix(prefix)
    name = (body.get("metadata") or {}).get("name", "")
    if exchange.body.get("reason") == "AlreadyExists" and not found(api, kind, namespace, name):
        place(api, _named(kind, namespace, name, body))
    elif exchange.status == 201:
        remove(api, kind, namespace, name)


def _begin_of_metadata(text: str) -> Any:
    """The names in an excerpt of an object."""
    found = {}
    for key in ("name", "generateName", "uid"):
        if value := text.partition(f'"{key}":"')[2].partition('"')[0]:
            found[key] = value
    return found


def _prepare_object(api: ApiServer, kind: Kind, namespace: str, exchange: Exchange) -> None:
    name = exchange.route.name
    there = found(api, kind, namespace, name)
    asked = _asked_version(exchange)
    if there and not _is_another(there, asked, exchange):
        return
    if there and not exchange.body and not asked:
        return
    known = (
        exchange.body if exchange.body.get("kind") in {kind.kind, "PartialObjectMetadata"} else {}
    )
    if there and known:
        known = {**there, **known}
    special = dict(_WORKLOADS.get(f"{kind.plural}/{name}", {}))
    if kind.plural == "deployments" and special:
        labels = special["spec"]["selector"]["matchLabels"]
        special["spec"]["template"] = {"metadata": {"labels": labels}, "spec": {}}
    obj = _named(kind, namespace, name, {**_before(exchange, known), **special})
    if known:
        kept = {"uid", "labels", "annotations", "finalizers", "managedFields", "generation"}
        obj["metadata"] |= {k: v for k, v in known["metadata"].items() if k in kept}
    obj["metadata"].pop("resourceVersion", None)
    if "generation" in obj["metadata"] and _counts(exchange):
        obj["metadata"]["generation"] -= 1
    place(api, obj, int(asked or exchange.version or BEGIN))


def _named(kind: Kind, namespace: str, name: str, obj: Any) -> Any:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    bare = {key: value for key, value in obj.items() if key != "metadata"}
    spec = {"spec": {"nodeName": "node1", "containers": []}} if kind.plural == "pods" else {}
    return {**spec, **bare, "apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}


def _is_another(there: Any, asked: str, exchange: Exchange) -> bool:
    """Whether the object that is there is of another moment than the recorded one."""
    version = there["metadata"]["resourceVersion"]
    if asked and exchange.status == 200:
        return bool(version != asked)
    patches = exchange.request["method"] == "PATCH" and exchange.status == 200
    if patches and there["kind"] == "Pod":
        return True
    dry = "dryRun" in exchange.query
    if dry and patches and there["kind"] == "ConfigMap":
        return True
    if dry and patches and isinstance(exchange.request.get("body"), dict):
        return bool(there.get("spec") != exchange.body.get("spec"))
    reads = exchange.request["method"] == "GET"
    return bool(reads and exchange.version and version != str(exchange.version))


def _counts(exchange: Exchange) -> bool:
    """Whether a write counts as a change of the spec."""
    if exchange.request["method"] == "DELETE":
        return True
    body = exchange.request.get("body")
    if isinstance(body, list):
        return any(one["path"].startswith("/spec") for one in body)
    return isinstance(body, dict) and "spec" in body


def _asked_version(exchange: Exchange) -> str:
    """The version that a write says it is for."""
    body = exchange.request.get("body")
    operations = body if isinstance(body, list) else []
    for operation in operations:
        if not isinstance(operation, dict) or operation["op"] != "add":
            continue
        if operation["path"] == "/metadata/resourceVersion":
            return str(operation["value"])
    return ""


def _before(exchange: Exchange, after: Any) -> Any:
    """The object before a JSON patch made `after` of it."""
    before = json.loads(json.dumps(after))
    operations = exchange.request.get("body")
    if isinstance(operations, dict) and exchange.request["method"] == "PATCH":
        _take_out(before, operations)
    if not after or not isinstance(operations, list):
        return before
    for operation in reversed(operations):
        *steps, last = [
            step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]
        ]
        at = before
        for step in steps:
            at = at[step]
        if operation["op"] == "move":
            at[operation["from"].rpartition("/")[2]] = at.pop(last)
        elif operation["op"] == "remove":
            at[last] = {"id": "x", "podref": "rec/gone", "ifname": "net1"}
        elif last == "spec":
            at[last] = {"podref": "rec/another"}
        elif last != "resourceVersion":
            del at[last]
    return before


def _take_out(obj: Any, patch: Any) -> None:
    """What a merge patch has put in."""
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(obj.get(key), dict):
            _take_out(obj[key], value)
        elif key not in {"name", "resourceVersion", "finalizers"}:
            obj.pop(key, None)
