"""The client of the Kubernetes API."""

from __future__ import annotations

from typing import Final

import httpx2
from lightkube import ApiError, Client, KubeConfig
from lightkube.core import decoders
from lightkube.core.exceptions import ConfigError
from lightkube.resources.core_v1 import Event, Node, Pod

from rowhouse.domain.errors import NotReady, TryAgain
from rowhouse.k8s.whereabouts.resources import IPPool, OverlappingRangeIPReservation

TIMEOUT: Final = httpx2.Timeout(10.0, read=60.0)
"""Seconds; a page of a large list may take its time."""


def kubernetes_client(kubeconfig: str | None = None, context: str | None = None) -> Client:
    """A client by a kubeconfig file, or by what is found, or NotReady.

    Found are, in this order: a pod's service account, KUBECONFIG, ~/.kube/config.
    """
    _learn_types()
    try:
        found = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        return Client(config=found.get(context), timeout=TIMEOUT, field_manager="rowhouse")
    except (ConfigError, OSError) as error:
        raise NotReady(
            f"no access to Kubernetes: {error}",
            hint="Name a kubeconfig file with --kubeconfig, or run in a pod with a service account.",
        ) from error


def _learn_types() -> None:
    """Decode one of each kind, here, while there is one thread.

    msgspec (0.22) works out a type when it first meets it, and two threads that do so at the same moment
    take the process down.
    """
    for kind in (Pod, Node, Event, IPPool, OverlappingRangeIPReservation):
        decoders.decode_list(b'{"items": []}', kind)
    decoders.decode_status(b"{}")
    decoders.decode_watch_event(b'{"type": "ADDED", "object": {}}')


def explain(error: httpx2.HTTPError, what: str) -> TryAgain:
    """What `error` means for `what` was tried."""
    if isinstance(error, ApiError):
        hint = (
            "The service account needs the permission: see the chart's ClusterRole."
            if error.status.code in {401, 403}
            else "It is tried again."
        )
        return TryAgain(f"Kubernetes refused {what}: {error.status.message}", hint=hint)
    return TryAgain(
        f"Kubernetes could not be reached for {what}: {str(error) or type(error).__name__}",
        hint="It is tried again.",
    )
