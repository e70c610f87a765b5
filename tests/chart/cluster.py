"""A Kubernetes API server as far as helm can tell: discovery, objects of all kinds, server-side apply, watches.

Every object that arrives is checked against the schemas of Kubernetes, what a real server refuses to change is
refused, and what belongs to an object that is deleted goes with it. Other than a real one it keeps nothing of what an
apply leaves out.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import jsonschema  # type: ignore[import-untyped]
import yaml

from chart import protobuf
from chart.discovery import KINDS, VERSION, discovery
from chart.immutable import refusals
from chart.manifests import Release
from chart.schemas import validate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chart.manifests import Object

OPERATORS: Final = (
    "cert-manager.io/v1",
    "postgresql.cnpg.io/v1",
    "gateway.networking.k8s.io/v1",
    "monitoring.coreos.com/v1",
)


@dataclass
class Refused(Exception):
    """An answer that is no success."""

    code: int
    reason: str
    message: str


@dataclass(frozen=True)
class Event:
    """A change as those who watch hear of it."""

    version: int
    path: str
    type: str
    object: Object


@dataclass
class Cluster:
    """Objects by the path of their URL, and what was done to them."""

    objects: dict[str, Object] = field(default_factory=dict)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    """(verb, kind, name), in order."""
    version: int = 0
    events: list[Event] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    """What a pod said, by the path of its URL."""
    refused: set[str] = field(default_factory=set)
    """Names of objects that a webhook, say, refuses to have written."""
    changed: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False

    @property
    def release(self) -> Release:
        """The objects, without helm's own notes."""
        with self.changed:
            found = list(self.objects.values())
        return Release([one for one in found if one.get("type") != "helm.sh/release.v1"])

    def find(self, kind: str, name: str) -> Object | None:
        """An object, if it is there."""
        for one in self.objects.values():
            if (one["kind"], one["metadata"]["name"]) == (kind, name):
                return one
        return None

    def data(self, secret: str) -> dict[str, str]:
        """What a Secret holds."""
        found = self.find("Secret", secret)
        assert found is not None, secret
        return {k: base64.b64decode(v).decode() for k, v in found["data"].items()}

    def store(self, path: str, new: Object, verb: str) -> Object:
        """Create or change an object."""
        with self.changed:
            if new["metadata"]["name"] in self.refused:
                raise Refused(403, "Forbidden", f"{path}: denied by the test")
            was = self.objects.get(path)
            new = copy.deepcopy(new)
            text = new.pop("stringData", None) or {}
            encoded = {k: base64.b64encode(v.encode()).decode() for k, v in text.items()}
            if encoded:
                new["data"] = new.get("data", {}) | encoded
            if new["apiVersion"] not in OPERATORS:
                checked = copy.deepcopy(new)
                checked["metadata"].pop("managedFields", None)
                try:
                    validate(checked, VERSION)
                except jsonschema.ValidationError as error:
                    raise Refused(422, "Invalid", str(error)) from error
            if new["kind"] == "Secret":
                new.setdefault("type", "Opaque")
            if was and (problems := ", ".join(refusals(was, new))):
                raise Refused(422, "Invalid", f"{path}: {problems}")
            if new["kind"] == "Service" and "clusterIP" not in new["spec"]:
                address = was["spec"]["clusterIP"] if was else f"10.96.0.{len(self.objects) % 250}"
                new["spec"]["clusterIP"] = address
            self.version += 1
            fixed = (was or {}).get("metadata", {})
            new["metadata"]["uid"] = fixed.get("uid") or str(uuid.uuid4())
            new["metadata"]["resourceVersion"] = str(self.version)
            new["metadata"]["generation"] = _generation(was, new)
            new["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
            if was and "status" in was:
                new["status"] = was["status"]
            elif new["kind"] == "Pod":
                new["status"] = {"phase": "Pending"}
            self._keep(path, new, "MODIFIED" if was else "ADDED")
            self.changes.append((verb, new["kind"], new["metadata"]["name"]))
            return new

    def set_status(self, path: str, status: Object) -> None:
        """What a kubelet tells of a pod, or a controller of what it looks after."""
        with self.changed:
            self.version += 1
            one = copy.deepcopy(self.objects[path])
            one["metadata"]["resourceVersion"] = str(self.version)
            one["status"] = status
            self._keep(path, one, "MODIFIED")

    def remove(self, path: str) -> Object:
        """Delete an object."""
        with self.changed:
            self.version += 1
            gone = self.objects.pop(path)
            self.events.append(Event(self.version, path, "DELETED", gone))
            self.changes.append(("delete", gone["kind"], gone["metadata"]["name"]))
            self.changed.notify_all()
            for owned in [place for place, one in self.objects.items() if _is_owned(one, gone)]:
                self.remove(owned)
            return gone

    def events_after(self, version: int) -> Iterator[Event]:
        """Those after a version, as they come, until the cluster is closed."""
        seen = 0
        while True:
            with self.changed:
                while len(self.events) == seen and not self.closed:
                    self.changed.wait()
                if self.closed:
                    return
                news, seen = self.events[seen:], len(self.events)
            yield from (one for one in news if one.version > version)

    def close(self) -> None:
        """End all watches."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _keep(self, path: str, new: Object, event: str) -> None:
        self.objects[path] = new
        self.events.append(Event(self.version, path, event, new))
        self.changed.notify_all()


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[Cluster, Path]]:
    """An empty cluster on loopback, and a kubeconfig for it."""
    cluster = Cluster()
    handler = type("_Bound", (_Handler,), {"cluster": cluster})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    config = folder / "kubeconfig"
    url = f"http://127.0.0.1:{server.server_address[1]}"
    config.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "test",
                "clusters": [{"name": "test", "cluster": {"server": url}}],
                "users": [{"name": "test", "user": {}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            }
        )
    )
    config.chmod(0o600)
    try:
        yield cluster, config
    finally:
        cluster.close()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer leaves in two writes: the second one would wait 40 ms for the client to acknowledge the first.
    disable_nagle_algorithm = True
    cluster: Cluster

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at `changes`."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if (found := discovery(parts.path)) or (found := self.cluster.objects.get(parts.path)):
            self._send(200, found)
        elif (pod := parts.path.removesuffix("/log")) in self.cluster.logs:
            self._send_text(200, self.cluster.logs[pod], "text/plain")
        elif parts.path.rpartition("/")[2] not in {p for kinds in KINDS.values() for p in kinds}:
            self._refuse(Refused(404, "NotFound", f"{parts.path} not found"))
        elif query.get("watch") in {"1", "true"}:
            self._watch(parts.path, query)
        else:
            self._send(200, self._list(parts.path, query))

    def do_POST(self) -> None:
        path, obj = urlsplit(self.path).path, self._body()
        path = f"{path}/{obj['metadata']['name']}"
        if path in self.cluster.objects:
            self._refuse(Refused(409, "AlreadyExists", f"{path} already exists"))
        else:
            self._store(path, obj, "create")

    def do_PUT(self) -> None:
        self._store(urlsplit(self.path).path, self._body(), "update")

    def do_PATCH(self) -> None:
        path, obj = urlsplit(self.path).path, self._body()
        how = self.headers["Content-Type"].partition(";")[0]
        if how != "application/apply-patch+yaml":
            self._refuse(Refused(415, "UnsupportedMediaType", how))
            return
        was = self.cluster.objects.get(path)
        if was and "data" in was and "stringData" in obj:
            obj["data"] = was["data"] | obj.get("data", {})
        self._store(path, obj, "apply" if was else "create")

    def do_DELETE(self) -> None:
        path = urlsplit(self.path).path
        self._body()
        if path not in self.cluster.objects:
            self._refuse(Refused(404, "NotFound", f"{path} not found"))
        else:
            self._send(200, self.cluster.remove(path))

    def _store(self, path: str, obj: Object, verb: str) -> None:
        try:
            self._send(201 if verb == "create" else 200, self.cluster.store(path, obj, verb))
        except Refused as refused:
            self._refuse(refused)

    def _selected(self, path: str, query: dict[str, str]) -> list[Object]:
        with self.cluster.changed:
            found = list(self.cluster.objects.items())
        return [obj for place, obj in found if _matches(place, obj, path, query)]

    def _list(self, path: str, query: dict[str, str]) -> Object:
        version = _version(path)
        return {
            "kind": KINDS[version][path.rpartition("/")[2]].lstrip("*") + "List",
            "apiVersion": version,
            "metadata": {"resourceVersion": str(self.cluster.version)},
            "items": self._selected(path, query),
        }

    def _watch(self, path: str, query: dict[str, str]) -> None:
        """What changes from a version on, or what there is and then what changes."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        cluster, begun = self.cluster, int(query.get("resourceVersion") or 0)
        if query.get("sendInitialEvents") == "true" or not begun:
            with cluster.changed:
                begun, found = cluster.version, self._selected(path, query)
            end = {"annotations": {"k8s.io/initial-events-end": "true"}}
            kind = KINDS[_version(path)][path.rpartition("/")[2]].lstrip("*")
            metadata = {"resourceVersion": str(begun)} | end
            mark = {"kind": kind, "apiVersion": _version(path), "metadata": metadata}
            self._tell(*(("ADDED", obj) for obj in found), ("BOOKMARK", mark))
        with contextlib.suppress(OSError):  # they have enough
            for event in cluster.events_after(begun):
                if _matches(event.path, event.object, path, query):
                    self._tell((event.type, event.object))

    def _tell(self, *events: tuple[str, Object]) -> None:
        lines = [json.dumps({"type": kind, "object": obj}) + "\n" for kind, obj in events]
        self.wfile.write("".join(lines).encode())

    def _body(self) -> Object:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if body.startswith(protobuf.MAGIC):
            # Helm's own Secrets; options of a DELETE are of no interest.
            return {} if self.command == "DELETE" else protobuf.secret(body)
        return dict(yaml.safe_load(body)) if body else {}

    def _refuse(self, refused: Refused) -> None:
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "reason": refused.reason,
            "message": refused.message,
            "code": refused.code,
        }
        self._send(refused.code, status)

    def _send(self, code: int, document: Object) -> None:
        self._send_text(code, json.dumps(document), "application/json")

    def _send_text(self, code: int, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _generation(was: Object | None, new: Object) -> int:
    """How often the spec was changed."""
    if was is None:
        return 1
    return int(was["metadata"]["generation"]) + (was.get("spec") != new.get("spec"))


def _is_owned(one: Object, owner: Object) -> bool:
    """Whether the garbage collector removes it with its owner."""
    owners = one["metadata"].get("ownerReferences", [])
    return any(found["uid"] == owner["metadata"]["uid"] for found in owners)


def _version(path: str) -> str:
    """The group and version in a path."""
    return "v1" if path.startswith("/api/") else "/".join(path.split("/")[2:4])


def _matches(place: str, obj: Object, path: str, query: dict[str, str]) -> bool:
    """Whether an object is in a list or watch."""
    wanted = dict(one.split("=") for one in query.get("labelSelector", "").split(",") if "=" in one)
    named = query.get("fieldSelector", "").removeprefix("metadata.name=")
    metadata = obj["metadata"]
    return (
        place.rpartition("/")[0] == path
        and wanted.items() <= metadata.get("labels", {}).items()
        and named in {"", metadata["name"]}
    )
