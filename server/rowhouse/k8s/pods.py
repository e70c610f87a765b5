"""The pods and nodes of a cluster, as the reconciler wants to know them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import httpx2
import structlog
from lightkube import ApiError
from lightkube.resources.core_v1 import Node
from lightkube.resources.core_v1 import Pod as PodResource

from rowhouse.domain.liveness import FINISHED, ClusterView, Pod
from rowhouse.k8s.client import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightkube import Client

_log = structlog.get_logger(__name__)
_PAGE: Final = 500
_NOT_FOUND: Final = 404
_FENCED: Final = "node.kubernetes.io/out-of-service"
# A static pod runs under the uid that its kubelet gave it; its image in the API has another.
_STATIC_UIDS: Final = ("kubernetes.io/config.mirror", "kubernetes.io/config.hash")


class KubernetesPods:
    """Pods and nodes by the API of one cluster."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def view(self) -> ClusterView:
        """All pods and nodes now, in pages. Raises TryAgain unless the list is whole."""
        view = ClusterView()
        try:
            for pod in self._client.list(PodResource, namespace="*", chunk_size=_PAGE):
                view.add(pod_of(pod))
            for node in self._client.list(Node, chunk_size=_PAGE):
                view.nodes[str(node.metadata.name if node.metadata else "")] = is_known(node)
        except httpx2.HTTPError as error:
            raise explain(error, "a list of all pods and nodes") from error
        return view

    def view_of(self, namespace: str, pod: str, nodes: set[str]) -> ClusterView:
        """One pod and some nodes, as they are now. Raises TryAgain if that can not be told."""
        view = ClusterView()
        try:
            found = self._get(PodResource, pod, namespace=namespace)
            if found is not None:
                view.add(pod_of(found))
            for name in nodes:
                node = self._get(Node, name)
                if node is not None:
                    view.nodes[name] = is_known(node)
        except httpx2.HTTPError as error:
            raise explain(error, f"pod {namespace}/{pod}") from error
        return view

    def _get(self, kind: Any, name: str, **namespace: str) -> Any:
        try:
            return self._client.get(kind, name, **namespace)
        except ApiError as error:
            if error.status.code == _NOT_FOUND:
                return None
            raise


class PodWatch(threading.Thread):
    """Tells of each pod that ends, until it is stopped. What it misses the next full pass finds.

    Args:
        client: of the cluster.
        ended: called with namespace and name, in this thread.
        stop: ends it at its next event; the connection's own end does as well.
    """

    def __init__(
        self, client: Client, ended: Callable[[str, str], None], stop: threading.Event
    ) -> None:
        super().__init__(name="pod-watch", daemon=True)
        self._client = client
        self._ended = ended
        self._stop_asked = stop

    def run(self) -> None:
        """Watch from now on; begin anew whenever the connection ends or is too far behind."""
        pause = 1.0
        while not self._stop_asked.is_set():
            try:
                self._watch()
                pause = 1.0
            except httpx2.HTTPError as error:
                _log.info("watch_interrupted", reason=str(error) or type(error).__name__)
                self._stop_asked.wait(pause)
                pause = min(pause * 2, 30.0)

    def _watch(self) -> None:
        # The version of now, without the pods: what ended before is the full pass's.
        now = self._client.list(PodResource, namespace="*", chunk_size=1)
        next(iter(now), None)
        for kind, pod in self._client.watch(
            PodResource, namespace="*", resource_version=now.resourceVersion
        ):
            if self._stop_asked.is_set():
                return
            seen = pod_of(pod)
            if kind == "DELETED" or seen.phase in FINISHED:
                self._ended(seen.namespace, seen.name)


def pod_of(pod: PodResource) -> Pod:
    """What matters of a pod of the API."""
    metadata = pod.metadata
    annotations = (metadata.annotations if metadata else None) or {}
    static = [annotations[key] for key in _STATIC_UIDS if key in annotations]
    return Pod(
        namespace=str(metadata.namespace if metadata else ""),
        name=str(metadata.name if metadata else ""),
        uids=tuple(dict.fromkeys([str(metadata.uid if metadata else ""), *static])),
        phase=str((pod.status.phase if pod.status else None) or "Unknown"),
    )


def is_known(node: Node) -> bool:
    """Whether what the API says of a node's pods is true: it is ready, or somebody vouches that it is off."""
    if any(taint.key == _FENCED for taint in (node.spec.taints if node.spec else None) or ()):
        return True
    conditions = (node.status.conditions if node.status else None) or ()
    return any(one.type == "Ready" and one.status == "True" for one in conditions)
