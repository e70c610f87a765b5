"""The dry cluster's API server: requests in, answers out."""

from __future__ import annotations

import contextlib
import json
import re
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import yaml

from chart import protobuf
from cluster.dry import websocket
from cluster.dry.kinds import discovery
from cluster.dry.patches import applied, json_patched, merged
from cluster.dry.store import BY_PLURAL, Refused, Store
from cluster.dry.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cluster.programs import Object

_PATH: Final = re.compile(
    r"/(?:api/v1|apis/[^/]+/[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]+))?"
    r"/(?P<plural>[a-z-]+)(?:/(?P<name>[^/]+))?(?:/(?P<below>[a-z]+))?"
)
_SELECTED: Final = re.compile(r"^\s*([^!=\s]+)\s*(=|==|!=|in|notin)?\s*(.*?)\s*$")

Execute = "Callable[[str, str, str, list[str], bytes], tuple[int, bytes, bytes]]"


class Handler(BaseHTTPRequestHandler):
    """One connection; the class attributes are the cluster's."""

    protocol_version = "HTTP/1.1"
    # An answer leaves in two writes: the second one would wait 40 ms for the client to acknowledge the first.
    disable_nagle_algorithm = True
    store: Store
    delete: Callable[..., Object]
    crashes: list[str]
    execute: Callable[[str, str, str, list[str], bytes], tuple[int, bytes, bytes]]
    logs: Callable[[str, str], str]
    away: Path

    def parse_request(self) -> bool:
        """Close the connection while the API server is to be away."""
        if super().parse_request() and not self.away.exists():
            return True
        self.close_connection = True
        return False

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server calls them so

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.command == "GET" and (found := discovery(parts.path)) is not None:
                self._send(200, found)
                return
            if parts.path == "/readyz":
                self._text(200, "ok")
                return
            target = _PATH.fullmatch(parts.path)
            if found_namespace := re.fullmatch(r"/api/v1/namespaces/([^/]+)", parts.path):
                plural, namespace, name, below = "namespaces", "", found_namespace[1], ""
            elif target is None or target["plural"] not in BY_PLURAL:
                self._text(404, "404 page not found\n")
                return
            else:
                plural, namespace = target["plural"], target["namespace"] or ""
                name, below = target["name"] or "", target["below"] or ""
            self._act(plural, namespace, name, below, query, body)
        except Refused as refused:
            self._refuse(refused)
        except OSError:
            self.close_connection = True
        except Exception:
            self.crashes.append(f"{self.command} {self.path}: {traceback.format_exc()}")
            self._text(500, f"the dry cluster crashed: {self.crashes[-1]}")
            raise

    def _act(  # noqa: PLR0912, C901 - one line for each verb
        self, plural: str, namespace: str, name: str, below: str, query: dict[str, str], body: bytes
    ) -> None:
        store, verb = self.store, self.command
        if below == "log":
            self._text(200, self.logs(namespace, name))
        elif below == "exec":
            self._exec(namespace, name)
        elif below == "scale" and verb == "GET":
            self._send(200, _scale(store.get(plural, namespace, name)))
        elif below == "scale":
            replicas = json.loads(body)["spec"]["replicas"]

            def scale(obj: Object) -> None:
                obj["spec"]["replicas"] = replicas

            self._send(200, _scale(store.change(plural, namespace, name, scale)))
        elif below == "eviction":
            self._send(201, self.delete(plural, namespace, name, now=False))
        elif verb == "GET" and query.get("watch") in {"1", "true"}:
            self._watch(plural, namespace, query)
        elif verb == "GET" and name:
            self._shown(plural, [store.get(plural, namespace, name)], alone=True)
        elif verb == "GET":
            chosen = [one for one in store.list(plural, namespace) if _is_selected(one, query)]
            self._shown(plural, chosen, alone=False)
        elif verb == "DELETE" and name:
            now = b'"gracePeriodSeconds":0' in body.replace(b" ", b"")
            self._send(200, self.delete(plural, namespace, name, now=now))
        elif verb == "DELETE":
            for one in store.list(plural, namespace):
                if _is_selected(one, query):
                    self.delete(plural, namespace, one["metadata"]["name"], now=False)
            self._send(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})
        elif verb == "PATCH":
            self._send(200, self._patched(plural, namespace, name, _read(body)))
        elif plural == "selfsubjectaccessreviews":
            review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
            self._send(201, {**review, "spec": {}, "status": {"allowed": True}})
        else:
            new = _read(body)
            if verb == "POST":
                with store.changed:
                    name = new["metadata"].get("name") or (
                        f"{new['metadata']['generateName']}{store.version:x}"
                    )
                    new["metadata"]["name"] = name
                    if (plural, namespace, name) in store.objects:
                        raise Refused(409, "AlreadyExists", f'{plural} "{name}" already exists')
                    store.check_namespace(plural, namespace, name)
            made = store.put(plural, namespace, new, dry="dryRun" in query)
            self._send(201 if verb == "POST" else 200, made)

    def _patched(self, plural: str, namespace: str, name: str, patch: Any) -> Object:
        how = self.headers["Content-Type"].partition(";")[0]
        store = self.store
        if how == "application/apply-patch+yaml":
            with store.changed:
                was = store.objects.get((plural, namespace, name))
                if was is None:
                    store.check_namespace(plural, namespace, name)
                return store.put(plural, namespace, applied(was, patch) if was else patch)
        if how == "application/json-patch+json":
            return store.change(plural, namespace, name, lambda was: json_patched(was, patch))
        return store.change(plural, namespace, name, lambda was: merged(was, patch))

    def _shown(self, plural: str, objects: list[Object], *, alone: bool) -> None:
        kind, version = BY_PLURAL[plural], str(self.store.version)
        if "as=Table" in self.headers.get("Accept", ""):
            self._send(200, table(kind.kind, objects, version))
        elif alone:
            self._send(200, objects[0])
        else:
            listed = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version}
            self._send(200, {**listed, "metadata": {"resourceVersion": version}, "items": objects})

    def _watch(self, plural: str, namespace: str, query: dict[str, str]) -> None:
        store, begun = self.store, int(query.get("resourceVersion") or 0)
        with store.changed:
            # Before the answer's head: nothing that happens in between is missed.
            found: list[Object] = []
            if not begun or query.get("sendInitialEvents") == "true":
                begun = store.version
                found = [one for one in store.list(plural, namespace) if _is_selected(one, query)]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for one in found:
            self._tell("ADDED", one)
        if query.get("sendInitialEvents") == "true":
            kind = BY_PLURAL[plural]
            metadata = {
                "resourceVersion": str(begun),
                "annotations": {"k8s.io/initial-events-end": "true"},
            }
            mark = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
            self._tell("BOOKMARK", mark)
        with contextlib.suppress(OSError):
            for _, event, key, obj in store.after(begun):
                if self.away.exists():
                    return
                if not event:
                    self.wfile.flush()
                elif key[0] == plural and namespace in {"", key[1]} and _is_selected(obj, query):
                    self._tell(event, obj)

    def _tell(self, event: str, obj: Object) -> None:
        self.wfile.write(json.dumps({"type": event, "object": obj}).encode() + b"\n")

    def _exec(self, namespace: str, name: str) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header(
            "Sec-WebSocket-Accept", websocket.accept(self.headers["Sec-WebSocket-Key"])
        )
        self.send_header("Sec-WebSocket-Protocol", websocket.PROTOCOL)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        given = websocket.stdin_of(self.rfile) if query.get("stdin") == ["true"] else b""  # type: ignore[arg-type]
        container = query.get("container", [""])[0]
        status, out, err = self.execute(namespace, name, container, query["command"], given)
        websocket.send(self.wfile, websocket.STDOUT, out)  # type: ignore[arg-type]
        websocket.send(self.wfile, websocket.STDERR, err)  # type: ignore[arg-type]
        websocket.finish(self.wfile, status)  # type: ignore[arg-type]

    def _refuse(self, refused: Refused) -> None:
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "reason": refused.reason,
            "message": refused.message,
            "code": refused.code,
        }
        self._send(refused.code, status)

    def _send(self, code: int, document: Object) -> None:
        self._text(code, json.dumps(document), "application/json")

    def _text(self, code: int, text: str, kind: str = "text/plain") -> None:
        content = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Server(ThreadingHTTPServer):
    """Many threads; those of watches end with the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is the peer's affair."""


def _read(body: bytes) -> Any:
    if body.startswith(protobuf.MAGIC):
        return protobuf.secret(body)
    return yaml.safe_load(body) if body else {}


def _scale(obj: Object) -> Object:
    labels = obj["spec"]["selector"]["matchLabels"].items()
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": obj["metadata"],
        "spec": {"replicas": obj["spec"]["replicas"]},
        "status": {
            "replicas": (obj.get("status") or {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in labels),
        },
    }


def _is_selected(obj: Object, query: dict[str, str]) -> bool:
    labels = obj["metadata"].get("labels") or {}
    for term in re.split(r",(?![^(]*\))", query.get("labelSelector", "")):
        if term and not _meets(labels, term):
            return False
    for term in filter(None, query.get("fieldSelector", "").split(",")):
        name, operator, value = re.split(r"(!=|==?)", term, maxsplit=1)
        place: Any = obj
        for step in name.split("."):
            place = place.get(step) if isinstance(place, dict) else None
        if (str(place or "") == value) is (operator == "!="):
            return False
    return True


def _meets(labels: dict[str, str], term: str) -> bool:
    found = _SELECTED.match(term)
    assert found is not None, term
    key, operator, value = found.groups()
    if not operator:
        return key in labels
    if operator in {"in", "notin"}:
        values = {one.strip() for one in value.strip("()").split(",")}
        return (labels.get(key) in values) is (operator == "in")
    return (labels.get(key) == value) is (operator != "!=")
