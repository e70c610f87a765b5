"""The bodies of recorded requests; large ones were cut, and are made again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from k8s.recorded.accounts import token_reviewed

if TYPE_CHECKING:
    from fixtures.apiserver import ApiServer
    from k8s.recorded.exchanges import Exchange


def body_of(api: ApiServer, exchange: Exchange) -> bytes | None:
    """The body as it was sent, with tokens of the fake's own."""
    request = exchange.request
    if (size := request.get("body_bytes")) is not None:
        return _large(exchange.name, request["path"], request["body_excerpt"], size)
    if (text := request.get("body_text")) is not None:
        return str(text).encode()
    if "body" not in request:
        return None
    body = request["body"]
    if exchange.route.resource == "tokenreviews" and body["spec"]["token"].startswith("REDACTED"):
        token = token_reviewed(api, exchange)
        body = {**body, "spec": {**body["spec"], "token": token}}
    return json.dumps(body).encode()


def _large(name: str, path: str, excerpt: str, size: int) -> bytes:
    if excerpt.startswith("["):
        operation = excerpt[1:].partition("}}, ")[0] + "}}"
        return f"[{', '.join([operation] * (size // (len(operation) + 2)))}]".encode()
    if "PATCH" in name or "by PATCH" in name:
        return json.dumps({"spec": {"allocations": _allocations(size, 100_000)}}).encode()
    if path.endswith("configmaps"):
        return json.dumps({"metadata": {"name": "x"}, "data": {"a": "x" * (size - 46)}}).encode()
    body: dict[str, Any] = {
        "apiVersion": "whereabouts.cni.cncf.io/v1alpha1",
        "kind": "IPPool",
        "metadata": {
            "name": json.loads(excerpt.partition('"name": ')[2].partition("}")[0].partition(",")[0])
        },
        "spec": {"range": "10.77.0.0/24", "allocations": {}},
    }
    if "annotations" in excerpt[:200]:
        body["metadata"]["annotations"] = {"a": "x" * (size - 230)}
    else:
        body["spec"]["allocations"] = _allocations(size, 0)
    return json.dumps(body).encode()


def _allocations(size: int, first: int) -> dict[str, Any]:
    """So many entries that a body of them has about this size."""
    made = {}
    left = size - 150
    number = first
    while left > 0:
        entry = {
            "id": "0" * 64,
            "podref": f"namespace-of-some-length/pod-with-a-name-{number}",
            "ifname": "net1",
        }
        made[str(number)] = entry
        left -= len(json.dumps({str(number): entry}))
        number += 1
    return made
