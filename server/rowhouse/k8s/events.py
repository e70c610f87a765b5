"""Events: what `kubectl describe` and `kubectl get events` show of what became of addresses."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import httpx2
import structlog
from lightkube.models.core_v1 import EventSource, ObjectReference
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lightkube import Client

    from rowhouse.ipam.reconcile import Finding
    from rowhouse.store.refusals import Refusal

_log = structlog.get_logger(__name__)
_QUIET: Final = 300.0
_REMEMBERED: Final = 10_000
_LONGEST: Final = 1024
"""Characters of a message, by the API server's validation."""


class Teller:
    """Writes events; one that can not be written is logged, and that is all.

    A runtime asks for an address again and again: the same pod and the same node are told of it once in five
    minutes.

    Args:
        client: of the cluster.
        clock: seconds that only grow.
    """

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._told: dict[tuple[str, str, str], float] = {}

    def reclaimed(self, findings: Sequence[Finding]) -> None:
        """On each pod that is gone and held an address, and on their nodes."""
        by_node: defaultdict[str, list[Finding]] = defaultdict(list)
        for finding in findings:
            held = finding.held
            by_node[held.node].append(finding)
            self._tell(
                _pod(held.namespace, held.pod, held.pod_uid),
                "AddressReclaimed",
                f"{', '.join(finding.released)} of interface {held.interface} on node {held.node or '?'}"
                f" is free again: {finding.verdict.reason}",
            )
        for node, some in by_node.items():
            addresses = [address for finding in some for address in finding.released]
            if node:
                self._tell(
                    _node(node),
                    "AddressesReclaimed",
                    f"{len(addresses)} addresses of pods on this node that are gone are free again:"
                    f" {', '.join(addresses)}",
                )

    def refused(self, refusals: Sequence[Refusal]) -> None:
        """On each pod that got no address, and on their nodes."""
        by_node: defaultdict[str, list[Refusal]] = defaultdict(list)
        for one in refusals:
            by_node[one.node].append(one)
            if self._is_news("pod", one.namespace, one.pod):
                self._tell(
                    _pod(one.namespace, one.pod, one.pod_uid),
                    "NoAddress",
                    f"interface {one.interface} got no address: {one.message}",
                    warning=True,
                    count=one.times,
                )
        for node, some in by_node.items():
            if node and self._is_news("node", "", node):
                self._tell(
                    _node(node),
                    "NoAddress",
                    f"{len(some)} interfaces of pods on this node got no address, the last one of"
                    f" {some[-1].namespace}/{some[-1].pod}: {some[-1].message}",
                    warning=True,
                )

    def _is_news(self, *about: str) -> bool:
        kind, namespace, name = about
        now = self._clock()
        if now - self._told.get((kind, namespace, name), -_QUIET) < _QUIET:
            return False
        if len(self._told) >= _REMEMBERED:
            self._told = {key: at for key, at in self._told.items() if now - at < _QUIET}
        self._told[kind, namespace, name] = now
        return True

    def _tell(
        self,
        about: ObjectReference,
        reason: str,
        message: str,
        *,
        warning: bool = False,
        count: int = 1,
    ) -> None:
        now = datetime.now(UTC)
        event = Event(
            # (what is in no namespace has its events in "default")
            metadata=ObjectMeta(generateName="rowhouse-", namespace=about.namespace or "default"),
            involvedObject=about,
            type="Warning" if warning else "Normal",
            reason=reason,
            message=message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…",
            source=EventSource(component="rowhouse-controller"),
            firstTimestamp=now,
            lastTimestamp=now,
            count=count,
            reportingComponent="rowhouse-controller",
            reportingInstance="",
        )
        try:
            self._client.create(event)
        except httpx2.HTTPError as error:
            _log.info("event_not_written", about=f"{about.kind} {about.name}", reason=str(error))


def _pod(namespace: str, name: str, uid: str | None) -> ObjectReference:
    return ObjectReference(
        kind="Pod", apiVersion="v1", namespace=namespace, name=name, uid=uid or ""
    )


def _node(name: str) -> ObjectReference:
    # Kubelets give a node's name as its uid, and so kubectl finds the event.
    return ObjectReference(kind="Node", apiVersion="v1", name=name, uid=name)
