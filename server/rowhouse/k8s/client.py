"""The client of the Kubernetes API."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, Self

import httpx2
import msgspec
from lightkube import ApiError, Client, KubeConfig
from lightkube.core import decoders
from lightkube.core.exceptions import ConfigError
from lightkube.resources.authorization_v1 import SelfSubjectAccessReview
from lightkube.resources.core_v1 import Event, Node, Pod

from rowhouse.domain.errors import NotReady
from rowhouse.k8s.owner_objects import CLAIM_VERSIONS
from rowhouse.k8s.owner_objects import KINDS as OWNER_KINDS
from rowhouse.k8s.whereabouts.resources import IPPool, NodeSlicePool, OverlappingRangeIPReservation

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT: Final = httpx2.Timeout(10.0, read=60.0)
"""Seconds; a page of a large list may take long."""

_MAX_SILENCE_SECONDS: Final = 30.0
"""How long after `timeoutSeconds` a watch may stay silent before its connection counts as dead."""


class _Metadata(msgspec.Struct):
    resourceVersion: str = ""  # noqa: N815 - Kubernetes' spelling


class _Versioned(msgspec.Struct):
    """The type for bookmarks: a Pod's bookmark has `spec.containers: null`, which is invalid for a Pod."""

    metadata: _Metadata


class KubernetesClient(Client):
    """lightkube's client, with a watch that asks for bookmarks, ends when the server ends it, and can time out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # lightkube reads the content type of each error's body, and fails without one.
        self._http.event_hooks = {"response": [_name_type]}

    def __enter__(self) -> Self:
        return self

    @property
    def _http(self) -> httpx2.Client:
        http: httpx2.Client = self._client._client  # noqa: SLF001 - lightkube has no other way to it
        return http

    def watch_once(
        self, kind: Any, *, namespace: str | None, version: str, seconds: int
    ) -> Iterator[tuple[str, str, Any]]:
        """One watch request, until the server ends it: (type, resourceVersion, object).

        The first is OPENED, when the server has accepted it; that and BOOKMARK have no object.

        Args:
            kind: a resource class of lightkube.
            namespace: "*" for all, None for what is in none.
            version: the resourceVersion to begin after.
            seconds: the time after which the server ends it.

        Raises any of `failures.ERRORS`.
        """
        asked = self._client.prepare_request(
            "list",
            res=kind,
            namespace=namespace,
            watch=True,
            params={
                "resourceVersion": version,
                "timeoutSeconds": str(seconds),
                "allowWatchBookmarks": "true",
            },
        )
        timeout = httpx2.Timeout(10.0, read=seconds + _MAX_SILENCE_SECONDS)
        request = self._http.build_request(
            asked.method, asked.url, params=asked.params, timeout=timeout
        )
        response = self._http.send(request, stream=True)
        with contextlib.closing(response):
            if response.is_error:
                response.read()
                response.raise_for_status()
            yield "OPENED", version, None
            for line in response.iter_lines():
                yield _event(line, kind)


def _event(line: str, kind: Any) -> tuple[str, str, Any]:
    event = decoders.decode_watch_event(line.encode())
    if event.type == "ERROR":
        raise ApiError(status=decoders.decode_status(event.object))
    if event.type == "BOOKMARK":
        marked = msgspec.json.decode(event.object, type=_Versioned)
        return event.type, marked.metadata.resourceVersion, None
    obj = decoders.decode_object(event.object, kind)
    return event.type, str(obj.metadata.resourceVersion), obj


def _name_type(response: httpx2.Response) -> None:
    response.headers.setdefault("Content-Type", "text/plain")


def kubernetes_client(
    kubeconfig: str | None = None, context: str | None = None
) -> KubernetesClient:
    """Return a client for a kubeconfig file, or else for the default credentials. Raises NotReady.

    The defaults are, in this order: a pod's service account, KUBECONFIG, ~/.kube/config.
    """
    _learn_types()
    try:
        found = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        return KubernetesClient(
            config=found.get(context), timeout=TIMEOUT, field_manager="rowhouse"
        )
    except (ConfigError, OSError) as error:
        raise NotReady(
            f"no access to Kubernetes: {error}",
            hint="Name a kubeconfig file with --kubeconfig, or run in a pod with a service account.",
        ) from error


def _learn_types() -> None:
    """Decode one of each kind, here, while there is one thread.

    msgspec (0.22) analyzes a type on first use, and two threads that do so at the same time crash the process.
    """
    owners = [kind for kinds in OWNER_KINDS.values() for kind in kinds]
    owners += CLAIM_VERSIONS
    for kind in (Pod, Node, Event, IPPool, OverlappingRangeIPReservation, NodeSlicePool, *owners):
        decoders.decode_list(b'{"items": []}', kind)
    decoders.decode_object(b'{"spec": {}}', SelfSubjectAccessReview)
    decoders.decode_status(b"{}")
    decoders.decode_watch_event(b'{"type": "ADDED", "object": {}}')
    msgspec.json.decode(b'{"metadata": {}}', type=_Versioned)
