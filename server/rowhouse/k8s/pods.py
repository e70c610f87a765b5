"""The pods and nodes of a cluster, for the reconciler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lightkube.resources.core_v1 import Node
from lightkube.resources.core_v1 import Pod as PodResource

from rowhouse.domain.errors import TryAgain
from rowhouse.domain.liveness import FINISHED, STATIC_POD_UIDS, ClusterView, Pod
from rowhouse.k8s.failures import ERRORS, explain, failure_of
from rowhouse.k8s.watch import Watch

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from lightkube import Client

    from rowhouse.domain.checks import Checks
    from rowhouse.k8s.client import KubernetesClient

_PAGE: Final = 500
_FENCED: Final = "node.kubernetes.io/out-of-service"


class KubernetesPods:
    """Reads pods and nodes from the API of one cluster."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def view(self) -> ClusterView:
        """Return all pods and nodes. Reads in pages. Raises TryAgain unless the list is complete."""
        view = ClusterView()
        on_nodes = False
        try:
            for pod in self._client.list(PodResource, namespace="*", chunk_size=_PAGE):
                view.add(pod_of(pod))
                on_nodes = on_nodes or bool(pod.spec and pod.spec.nodeName)
            for node in self._client.list(Node, chunk_size=_PAGE):
                view.nodes[_name(node)] = is_known(node)
        except ERRORS as error:
            raise explain(error, "a list of all pods and nodes") from error
        if on_nodes and not view.nodes:
            raise TryAgain(
                "the list of nodes is empty although pods are running, so it cannot be used",
                hint="Check that this account may list nodes: see the chart's ClusterRole.",
            )
        return view

    def view_of(self, namespace: str, pod: str, nodes: set[str]) -> ClusterView:
        """Return the current state of one pod and some nodes. Raises TryAgain if it is unknown."""
        view = ClusterView()
        try:
            found = self._get(PodResource, pod, namespace=namespace)
            if found is not None:
                view.add(pod_of(found))
            for name in nodes:
                node = self._get(Node, name)
                if node is not None:
                    view.nodes[name] = is_known(node)
        except ERRORS as error:
            raise explain(error, f"pod {namespace}/{pod}") from error
        return view

    def _get(self, kind: Any, name: str, **namespace: str) -> Any:
        try:
            return self._client.get(kind, name, **namespace)
        except ERRORS as error:
            # Any other 404 (from a proxy, or a starting API server) proves nothing about the object.
            if failure_of(error).is_absence_of(name):
                return None
            raise


def pod_watch(
    client: KubernetesClient,
    ended: Callable[[str, str], None],
    missed: Callable[[], None],
    stop: threading.Event,
    checks: Checks,
) -> Watch:
    """Reports each pod that ends, with namespace and name; `missed`: ends may have been missed."""
    begun = False

    def begin() -> str:
        nonlocal begun
        # The current version, without the pods: the full pass handles pods that ended before.
        now = client.list(PodResource, namespace="*", chunk_size=1)
        next(iter(now), None)
        if begun:
            missed()
        begun = True
        return now.resourceVersion

    def tell(event: str, pod: PodResource) -> None:
        seen = pod_of(pod)
        if event == "DELETED" or seen.phase in FINISHED:
            ended(seen.namespace, seen.name)

    return Watch(
        client,
        PodResource,
        name="pods",
        namespace="*",
        begin=begin,
        tell=tell,
        stop=stop,
        checks=checks,
    )


def node_watch(
    client: KubernetesClient,
    changed: Callable[[], None],
    stop: threading.Event,
    checks: Checks,
) -> Watch:
    """Reports when a node becomes ready or is gone: its sandboxes can then be judged."""
    known: dict[str, bool] = {}

    def begin() -> str:
        before = dict(known)
        listed = client.list(Node, chunk_size=_PAGE)
        now = {_name(node): is_known(node) for node in listed}
        known.clear()
        known.update(now)
        if before and before != now:
            changed()
        return listed.resourceVersion

    def tell(event: str, node: Node) -> None:
        name = _name(node)
        before = known.pop(name, None)
        if event == "DELETED":
            changed()
            return
        known[name] = is_known(node)
        if known[name] and before is False:
            changed()

    return Watch(
        client,
        Node,
        name="nodes",
        namespace=None,
        begin=begin,
        tell=tell,
        stop=stop,
        checks=checks,
    )


def pod_of(pod: PodResource) -> Pod:
    """Return the relevant facts of a pod from the API."""
    metadata = pod.metadata
    annotations = (metadata.annotations if metadata else None) or {}
    static = [annotations[key] for key in STATIC_POD_UIDS if key in annotations]
    return Pod(
        namespace=str(metadata.namespace if metadata else ""),
        name=str(metadata.name if metadata else ""),
        uids=tuple(dict.fromkeys([str(metadata.uid if metadata else ""), *static])),
        phase=str((pod.status.phase if pod.status else None) or "Unknown"),
    )


def _name(node: Node) -> str:
    return str(node.metadata.name if node.metadata else "")


def is_known(node: Node) -> bool:
    """Whether the API's data about a node's pods is reliable: the node is ready, or marked as shut down."""
    if any(taint.key == _FENCED for taint in (node.spec.taints if node.spec else None) or ()):
        return True
    conditions = (node.status.conditions if node.status else None) or ()
    return any(one.type == "Ready" and one.status == "True" for one in conditions)
