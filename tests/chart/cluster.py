"""A Kubernetes API server as far as helm can tell: discovery, objects of all kinds, server-side apply.

Every object that arrives is checked against the schemas of Kubernetes, and what a real server refuses to
change is refused: the template of a Job, the selector of a workload.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import threading
import uuid
import warnings
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import yaml

from chart import protobuf

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import kubernetes_validate  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chart.manifests import Object

VERSION: Final = "1.34"
# group/version → plural → kind; those with a * are the whole cluster's.
KINDS: Final = {
    "v1": {
        "namespaces": "*Namespace",
        "pods": "Pod",
        "secrets": "Secret",
        "configmaps": "ConfigMap",
        "services": "Service",
        "serviceaccounts": "ServiceAccount",
        "persistentvolumeclaims": "PersistentVolumeClaim",
    },
    "apps/v1": {
        "deployments": "Deployment",
        "daemonsets": "DaemonSet",
        "statefulsets": "StatefulSet",
    },
    "batch/v1": {"jobs": "Job", "cronjobs": "CronJob"},
    "autoscaling/v2": {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy", "ingresses": "Ingress"},
    "rbac.authorization.k8s.io/v1": {
        "clusterroles": "*ClusterRole",
        "clusterrolebindings": "*ClusterRoleBinding",
        "roles": "Role",
        "rolebindings": "RoleBinding",
    },
    "apiextensions.k8s.io/v1": {"customresourcedefinitions": "*CustomResourceDefinition"},
    "cert-manager.io/v1": {"certificates": "Certificate"},
    "postgresql.cnpg.io/v1": {"clusters": "Cluster"},
}
OPERATORS: Final = ("cert-manager.io/v1", "postgresql.cnpg.io/v1")
# What a server never lets anybody change.
IMMUTABLE: Final = {
    "Job": ("template", "selector"),
    "Deployment": ("selector",),
    "DaemonSet": ("selector",),
    "StatefulSet": ("selector", "serviceName", "volumeClaimTemplates"),
}


@dataclass
class Refused(Exception):
    """An answer that is no success."""

    code: int
    reason: str
    message: str


@dataclass
class Cluster:
    """Objects by the path of their URL, and what was done to them."""

    objects: dict[str, Object] = field(default_factory=dict)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    """(verb, kind, name), in order."""
    version: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

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
        with self.lock:
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
                    kubernetes_validate.validate(checked, VERSION, strict=True)
                except kubernetes_validate.ValidationError as error:
                    raise Refused(422, "Invalid", str(error)) from error
            for part in IMMUTABLE.get(new["kind"], ()) if was else ():
                if was and new["spec"].get(part) != was["spec"].get(part):
                    raise Refused(422, "Invalid", f"{path}: spec.{part}: field is immutable")
            self.version += 1
            fixed = (was or {}).get("metadata", {})
            new["metadata"]["uid"] = fixed.get("uid") or str(uuid.uuid4())
            new["metadata"]["resourceVersion"] = str(self.version)
            new["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
            if new["kind"] == "Pod":
                new["status"] = {"phase": "Succeeded"}
            self.objects[path] = new
            self.changes.append((verb, new["kind"], new["metadata"]["name"]))
            return new

    def remove(self, path: str) -> Object:
        """Delete an object."""
        with self.lock:
            gone = self.objects.pop(path)
            self.changes.append(("delete", gone["kind"], gone["metadata"]["name"]))
            return gone


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
        server.shutdown()
        server.server_close()
        thread.join()


def discovery(path: str) -> Object | None:
    """The documents from which a client learns what there is."""
    if path == "/version":
        major, minor = VERSION.split(".")
        return {"major": major, "minor": minor, "gitVersion": f"v{VERSION}.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = []
        for one in KINDS:
            group, _, version = one.rpartition("/")
            if group:
                known = {"groupVersion": one, "version": version}
                groups.append({"name": group, "versions": [known], "preferredVersion": known})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    known_version = path.removeprefix("/apis/").removeprefix("/api/")
    if known_version in KINDS:
        verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": known_version,
            "resources": [
                {
                    "name": plural,
                    "singularName": kind.lstrip("*").lower(),
                    "namespaced": not kind.startswith("*"),
                    "kind": kind.lstrip("*"),
                    "verbs": verbs,
                }
                for plural, kind in KINDS[known_version].items()
            ],
        }
    return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at `changes`."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if (found := discovery(parts.path)) or (found := self.cluster.objects.get(parts.path)):
            self._send(200, found)
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
        wanted = dict(
            one.split("=") for one in query.get("labelSelector", "").split(",") if "=" in one
        )
        named = query.get("fieldSelector", "").removeprefix("metadata.name=")
        return [
            obj
            for place, obj in list(self.cluster.objects.items())
            if place.rpartition("/")[0] == path
            and wanted.items() <= obj["metadata"].get("labels", {}).items()
            and named in {"", obj["metadata"]["name"]}
        ]

    def _list(self, path: str, query: dict[str, str]) -> Object:
        version = "v1" if path.startswith("/api/") else "/".join(path.split("/")[2:4])
        return {
            "kind": KINDS[version][path.rpartition("/")[2]].lstrip("*") + "List",
            "apiVersion": version,
            "metadata": {"resourceVersion": str(self.cluster.version)},
            "items": self._selected(path, query),
        }

    def _watch(self, path: str, query: dict[str, str]) -> None:
        """What there is, and then nothing more: nobody here waits for a change."""
        events = [{"type": "ADDED", "object": obj} for obj in self._selected(path, query)]
        body = "".join(json.dumps(event) + "\n" for event in events).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

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
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
