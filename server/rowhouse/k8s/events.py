"""Events: what `kubectl describe pod` and `kubectl get events` show of what the controller did."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx2
import structlog
from lightkube.models.core_v1 import EventSource, ObjectReference
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Event

if TYPE_CHECKING:
    from lightkube import Client

    from rowhouse.ipam.reconcile import Finding

_log = structlog.get_logger(__name__)


def tell_reclaimed(client: Client, finding: Finding) -> None:
    """An event on the pod that is gone. One that can not be written is logged, and that is all."""
    held = finding.held
    now = datetime.now(UTC)
    event = Event(
        metadata=ObjectMeta(generateName="rowhouse-reclaimed-", namespace=held.namespace),
        involvedObject=ObjectReference(
            kind="Pod",
            apiVersion="v1",
            namespace=held.namespace,
            name=held.pod,
            uid=held.pod_uid or "",
        ),
        type="Normal",
        reason="AddressReclaimed",
        message=(
            f"{', '.join(finding.released)} of interface {held.interface} on node {held.node or '?'}"
            f" is free again: {finding.verdict.reason}"
        ),
        source=EventSource(component="rowhouse-controller"),
        firstTimestamp=now,
        lastTimestamp=now,
        count=1,
        reportingComponent="rowhouse-controller",
        reportingInstance="",
    )
    try:
        client.create(event)
    except httpx2.HTTPError as error:
        _log.info("event_not_written", pod=f"{held.namespace}/{held.pod}", reason=str(error))
