"""An API server that says what a test's script says, without a socket."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import httpx2
from lightkube.config.kubeconfig import KubeConfig

from rowhouse.k8s.client import KubernetesClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = httpx2.Response | Exception


def status(code: int, reason: str, message: str, **details: Any) -> httpx2.Response:
    """A Status in JSON."""
    return httpx2.Response(code, json=status_of(code, reason, message, **details))


def status_of(code: int, reason: str, message: str, **details: Any) -> dict[str, Any]:
    """What is in it."""
    body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "code": code}
    body |= {"status": "Failure", "message": message, "reason": reason}
    return body | ({"details": details} if details else {})


def unknown_kind() -> httpx2.Response:
    """As recorded from a real API server, of a kind without CRD."""
    return httpx2.Response(
        404,
        headers={"Content-Type": "text/plain; charset=utf-8"},
        content=b"404 page not found\n",
    )


def too_many(seconds: int) -> httpx2.Response:
    """As recorded of priority and fairness."""
    return httpx2.Response(
        429,
        headers={"Content-Type": "text/plain; charset=utf-8", "Retry-After": str(seconds)},
        content=b"Too many requests, please try again later.\n",
    )


def watched(*lines: bytes, cut: Exception | None = None) -> httpx2.Response:
    """A watch of these lines; `cut`: how its connection ends, None: properly."""

    def body() -> Iterator[bytes]:
        yield from lines
        if cut is not None:
            raise cut

    return httpx2.Response(200, headers={"Content-Type": "application/json"}, content=body())


def event(kind: str, obj: dict[str, Any]) -> bytes:
    """A line of a watch."""
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


def pod(name: str, version: int, *, phase: str = "Running") -> dict[str, Any]:
    """A pod."""
    metadata = {"name": name, "namespace": "default", "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": {"containers": []}, "status": {"phase": phase}}


def client_of(answer: Callable[[httpx2.Request], Answer]) -> KubernetesClient:
    """A client of whatever `answer` says."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        said = answer(request)
        if isinstance(said, Exception):
            raise said
        return said

    config = KubeConfig.from_dict(
        {
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": "http://cluster.test"}}],
            "users": [{"name": "test", "user": {"token": "secret"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
    ).get()
    return KubernetesClient(config=config, transport=httpx2.MockTransport(handle))


class NoWaitEvent(threading.Event):
    """An event that is waited for in no time; they are in `waits`, in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return self.is_set()
