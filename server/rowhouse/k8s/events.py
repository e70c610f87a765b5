"""Kubernetes events about addresses, for `kubectl describe` and `kubectl get events`."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog
from lightkube.models.core_v1 import EventSource, ObjectReference
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Event

from rowhouse.k8s.failures import ERRORS, failure_of
from rowhouse.k8s.reclaimed import Backlog, Budget
from rowhouse.metrics import EVENTS
from rowhouse.store.cluster.allocation_failures import ADDRESS_IS_GATEWAY, CLAIM_REFUSED, NO_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lightkube import Client

    from rowhouse.ipam.reconcile import Finding
    from rowhouse.store.cluster.allocation_failures import AllocationFailure

_log = structlog.get_logger(__name__)
_QUIET_SECONDS: Final = 300.0
_MAX_REMEMBERED: Final = 10_000
_MAX_MESSAGE: Final = 1024
"""The maximum length of a message in characters, by the API server's validation."""

MAX_BURST: Final = 50
MAX_PER_SECOND: Final = 1.0
_MAX_POD_EVENTS: Final = 10
"""Maximum number of pods with their own events per call; more are summarized."""
_PAUSE_SECONDS: Final = 30.0
"""Pause after a failed write, so that the controller does not wait for timeouts repeatedly."""


class EventRecorder:
    """Writes events; a failed write is only logged and counted.

    A runtime repeats a failed ADD, so the same pod and the same node get an event at most once in five minutes.
    There are at most MAX_BURST events at once and MAX_PER_SECOND after that.

    Args:
        client: of the cluster.
        clock: monotonic time in seconds.
    """

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._told: dict[tuple[str, str, str], float] = {}
        self._budget = Budget(MAX_BURST, MAX_PER_SECOND, clock)
        self._backlog = Backlog()
        self._paused_until = 0.0

    def reclaimed(self, findings: Sequence[Finding]) -> None:
        """Report reclaimed addresses on their pods and nodes, or on the namespaces if there are many pods."""
        few = len(findings) <= min(_MAX_POD_EVENTS, self._budget.left)
        for finding in findings:
            held = finding.held
            self._backlog.add(finding, of_pod=few)
            if few:
                self._tell(
                    _pod(held.namespace, held.pod, held.pod_uid),
                    "AddressReclaimed",
                    f"{', '.join(finding.released)} of interface {held.interface} on node {held.node or '?'}"
                    f" is free again: {finding.verdict.reason}",
                )
        self.flush()

    def flush(self) -> None:
        """Write pending events, largest first, as far as the rate allows."""
        for about, tallies, where in (
            (_namespace, self._backlog.namespaces, "in this namespace"),
            (_node, self._backlog.nodes, "on this node"),
        ):
            for name, tally in sorted(tallies.items(), key=lambda one: -one[1].addresses):
                if not self._budget.left or self._is_paused():
                    return
                del tallies[name]
                self._tell(about(name), "AddressesReclaimed", tally.text(where))

    def refused(self, failures: Sequence[AllocationFailure]) -> None:
        """Report allocation failures on pods and nodes, and warnings on pods."""
        by_node: defaultdict[str, list[AllocationFailure]] = defaultdict(list)
        for one in failures:
            if one.reason == CLAIM_REFUSED and not self._is_news("claim", one.namespace, one.pod):
                continue
            if one.reason != NO_ADDRESS:
                pod = _pod(one.namespace, one.pod, one.pod_uid)
                if one.reason == ADDRESS_IS_GATEWAY:
                    _log.warning(
                        "address_is_gateway", pod=f"{one.namespace}/{one.pod}", message=one.message
                    )
                self._tell(pod, one.reason, one.message, warning=True)
                continue
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
        if now - self._told.get((kind, namespace, name), -_QUIET_SECONDS) < _QUIET_SECONDS:
            return False
        if len(self._told) >= _MAX_REMEMBERED:
            self._told = {key: at for key, at in self._told.items() if now - at < _QUIET_SECONDS}
        self._told[kind, namespace, name] = now
        return True

    def _is_paused(self) -> bool:
        return self._clock() < self._paused_until

    def _tell(
        self,
        about: ObjectReference,
        reason: str,
        message: str,
        *,
        warning: bool = False,
        count: int = 1,
    ) -> None:
        if self._is_paused() or not self._budget.take():
            EVENTS.labels("skipped").inc()
            return
        now = datetime.now(UTC)
        event = Event(
            # (events about cluster-scoped objects are in "default")
            metadata=ObjectMeta(generateName="rowhouse-", namespace=about.namespace or "default"),
            involvedObject=about,
            type="Warning" if warning else "Normal",
            reason=reason,
            message=message if len(message) <= _MAX_MESSAGE else message[: _MAX_MESSAGE - 1] + "…",
            source=EventSource(component="rowhouse-controller"),
            firstTimestamp=now,
            lastTimestamp=now,
            count=count,
            reportingComponent="rowhouse-controller",
            reportingInstance="",
        )
        try:
            self._client.create(event)
        except ERRORS as error:
            failure = failure_of(error)
            EVENTS.labels("failed").inc()
            _log.info(
                "event_not_written", about=f"{about.kind} {about.name}", reason=failure.message
            )
            if not failure.status or failure.retry_after:
                self._paused_until = self._clock() + max(_PAUSE_SECONDS, failure.retry_after)
            return
        EVENTS.labels("written").inc()


def _pod(namespace: str, name: str, uid: str | None) -> ObjectReference:
    return ObjectReference(
        kind="Pod", apiVersion="v1", namespace=namespace, name=name, uid=uid or ""
    )


def _namespace(name: str) -> ObjectReference:
    # With its own namespace, so that `kubectl get events -n` shows the event there.
    return ObjectReference(kind="Namespace", apiVersion="v1", namespace=name, name=name)


def _node(name: str) -> ObjectReference:
    # Kubelets give a node's name as its uid, and so kubectl finds the event.
    return ObjectReference(kind="Node", apiVersion="v1", name=name, uid=name)
