"""A cluster as far as the doctor asks: answers by path, in the shapes and media types of a real API server."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from fixtures.http import listening

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

ME = "kubernetes-admin"
OURS = {"app.kubernetes.io/part-of": "rowhouse", "app.kubernetes.io/name": "rowhouse"}
MULTUS = "/apis/k8s.cni.cncf.io/v1"
WHEREABOUTS = "/apis/whereabouts.cni.cncf.io/v1alpha1"
MIRRORED = ("ippools", "overlappingrangeipreservations", "nodeslicepools")


def text(status: int, said: str) -> tuple[int, Any]:
    """An answer that is no JSON."""
    return status, said


def resources(*plurals: str) -> dict[str, Any]:
    """Discovery of a group."""
    return {"kind": "APIResourceList", "resources": [{"name": one} for one in plurals]}


@dataclass
class Cluster:
    """Lists by path; what is `denied`, as "verb resource" or "verb /path"; answers that replace all others."""

    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    served: dict[str, dict[str, Any]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    """Of every account, in every namespace."""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    clock_offset: float = 0.0
    seen: list[str] = field(default_factory=list)
    url: str = ""
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                self._answer(*outer.get(parts.path, dict(parse_qsl(parts.query))))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(*outer.post(self.path, body))

            def _answer(self, status: int, body: Any) -> None:
                outer.seen.append(f"{self.command} {self.path} {status}")
                plain = isinstance(body, str)
                content = (body if plain else json.dumps(body)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain" if plain else "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def date_time_string(self, timestamp: float | None = None) -> str:
                import time  # noqa: PLC0415 - only here

                return formatdate((timestamp or time.time()) + outer.clock_offset, usegmt=True)

            def log_message(self, *_: object) -> None:
                pass

        self.url = self._open.enter_context(listening(Handler))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def get(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        """What a GET is answered."""
        if path in self.answers:
            return self.answers[path]
        if path == "/version":
            return 200, {"gitVersion": "v1.36.2"}
        if path in self.served:
            return 200, self.served[path]
        if path in self.objects:
            plural = path.rpartition("/")[2]
            if f"list {plural}" in self.denied:
                return forbidden(
                    f'{plural} is forbidden: User "{ME}" cannot list resource "{plural}"'
                )
            return 200, {"metadata": {}, "items": self.selected(path, query)}
        return text(404, "404 page not found\n")

    def selected(self, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
        """The objects that have all labels of a selector."""
        wanted = [one.split("=") for one in query.get("labelSelector", "").split(",") if one]
        return [
            one
            for one in self.objects[path]
            if all(one["metadata"].get("labels", {}).get(key) == value for key, value in wanted)
        ]

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """What a review is answered."""
        if path in self.answers:
            return self.answers[path]
        if path.endswith("/selfsubjectreviews"):
            return 201, {**body, "status": {"userInfo": {"username": ME}}}
        spec = body["spec"]
        if path.endswith("/subjectaccessreviews") and "create subjectaccessreviews" in self.denied:
            return forbidden(f'subjectaccessreviews is forbidden: User "{ME}" cannot create')
        what = spec.get("nonResourceAttributes") or spec["resourceAttributes"]
        asked = f"{what['verb']} {what.get('path') or what['resource']}"
        return 201, {**body, "status": {"allowed": asked not in self.denied}}

    def kubeconfig(self, folder: Path) -> str:
        """A kubeconfig file for it."""
        file = folder / "kubeconfig"
        one = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": "secret"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        file.write_text(yaml.safe_dump(one))
        return str(file)

    def installed(self, *, mirror: bool = False) -> Self:
        """The chart with its default values on two nodes, multus beside it."""
        self.served[MULTUS] = resources("network-attachment-definitions")
        self.objects[f"{MULTUS}/network-attachment-definitions"] = []
        if mirror:
            self.served[WHEREABOUTS] = resources(*MIRRORED)
        self.objects["/api/v1/nodes"] = [{"metadata": {"name": f"node{n}"}} for n in (1, 2)]
        self.objects["/apis/apps/v1/deployments"] = [
            workload("server", ROWHOUSE_JWKS="https://kubernetes.default.svc/openid/v1/jwks"),
            workload("controller", ROWHOUSE_MIRROR=str(mirror).lower()),
        ]
        self.objects["/apis/apps/v1/daemonsets"] = [workload("node")]
        self.objects["/api/v1/namespaces/kube-system/pods"] = [
            pod(part, node=f"node{n}") for part in ("server", "controller", "node") for n in (1, 2)
        ]
        for n in (1, 2):
            self.tell(f"node-{n}", "metrics", f"{NODE_INFO % ('0.1.0', 'rowhouse.d-1f')}\n")
        return self

    def tell(self, name: str, path: str, said: str, status: int = 200) -> None:
        """What a pod answers through the proxy of the API server."""
        self.answers[f"/api/v1/namespaces/kube-system/pods/{name}/proxy/{path}"] = status, said

    def network(self, name: str, config: Any) -> None:
        """A NetworkAttachmentDefinition."""
        self.objects[f"{MULTUS}/network-attachment-definitions"].append(
            {
                "metadata": {"namespace": "default", "name": name},
                "spec": {"config": config if isinstance(config, str) else json.dumps(config)},
            }
        )


NODE_INFO = 'rowhouse_node_info{version="%s",plugin="%s"} 1'


def forbidden(said: str) -> tuple[int, Any]:
    """403 as a Status."""
    return 403, {"kind": "Status", "message": said, "reason": "Forbidden", "code": 403}


def workload(part: str, **variables: str) -> dict[str, Any]:
    """A Deployment or DaemonSet of the chart."""
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    environment.append({"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": {}}})  # type: ignore[dict-item]
    labels = {**OURS, "app.kubernetes.io/component": part}
    return {
        "metadata": {"namespace": "kube-system", "name": f"rowhouse-{part}", "labels": labels},
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/component": part}},
            "template": {
                "spec": {
                    "serviceAccountName": f"rowhouse-{part}",
                    "containers": [{"name": part, "env": environment}],
                }
            },
        },
    }


def pod(part: str, *, node: str, ready: bool = True, waiting: str = "") -> dict[str, Any]:
    """A pod of a part."""
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    return {
        "metadata": {
            "namespace": "kube-system",
            "name": f"{part}-{node[-1]}",
            "labels": {**OURS, "app.kubernetes.io/component": part},
        },
        "spec": {"nodeName": node},
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"state": state}],
        },
    }
