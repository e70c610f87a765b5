"""Write the status of IPAMClaims: their addresses, the pod that uses them, and whether they were assigned.

The fields are those of `k8s.cni.cncf.io/v1alpha1` (k8snetworkplumbingwg/ipamclaims). What the database says is written
if it differs from what this process wrote last, so a new leader compares every claim once.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog
from lightkube.resources.core_v1 import Pod
from lightkube.types import PatchType

from rowhouse.domain.lasting_owners import PodFacts, claim_of
from rowhouse.k8s.failures import ERRORS, explain, failure_of
from rowhouse.k8s.owner_objects import IPAMClaim
from rowhouse.store.cluster.allocation_failures import NO_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lightkube import Client

    from rowhouse.domain.lasting_owners import HeldClaim, ObjectName
    from rowhouse.store.cluster.allocation_failures import AllocationFailure

_log = structlog.get_logger(__name__)
ALLOCATED: Final = "IPsAllocated"
"""The type of our condition, as OVN-Kubernetes names it."""
_MAX_WRITES: Final = 200
"""How many claims one call compares; the next call continues."""
_MAX_MESSAGE: Final = 1024
"""Characters."""
_PAUSE_SECONDS: Final = 60.0
"""Pause after the API server refused, such as without the CRD or the permission."""


class ClaimStatus:
    """Keeps the status of claims up to date; a failed write is logged and repeated.

    Args:
        client: of the cluster.
        clock: monotonic time in seconds.
    """

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._written: dict[ObjectName, HeldClaim] = {}
        self._paused_until = 0.0
        self._refusal = ""

    def write(self, claims: Sequence[HeldClaim]) -> None:
        """Write the status of claims that changed. Errors of the API server never raise."""
        known = {one.object for one in claims}
        for gone in self._written.keys() - known:
            del self._written[gone]
        changed = [one for one in claims if self._written.get(one.object) != one]
        for one in changed[:_MAX_WRITES]:
            condition = _condition(is_true=True, reason="SuccessfulAllocation", message="")
            owner_pod = {"name": one.pod} if one.pod else None
            status = {"ips": list(one.ips), "ownerPod": owner_pod}
            if not self._patch(one.object, status, condition):
                return
            self._written[one.object] = one

    def refused(self, failures: Sequence[AllocationFailure]) -> None:
        """Tell the claims of pods that found no free address. Errors of the API server never raise."""
        for one in failures:
            if one.reason != NO_ADDRESS or self._clock() < self._paused_until:
                continue
            claim = self._claim_of(one)
            if claim is not None:
                # (A later address is written in any case.)
                self._written.pop((one.namespace, claim), None)
                condition = _condition(
                    is_true=False, reason="NoAddress", message=one.message[:_MAX_MESSAGE]
                )
                self._patch((one.namespace, claim), {}, condition)

    def _claim_of(self, failure: AllocationFailure) -> str | None:
        try:
            pod = self._client.get(Pod, failure.pod, namespace=failure.namespace)
            annotations = (pod.metadata.annotations if pod.metadata else None) or {}
            return claim_of(PodFacts(name=failure.pod, annotations=annotations), failure.interface)
        except ERRORS:  # also an unreadable annotation; the pod may be gone
            return None

    def _patch(self, name: ObjectName, status: dict[str, Any], condition: dict[str, Any]) -> bool:
        """Merge into the status; whether it is as wanted now, or there is no such claim."""
        if self._clock() < self._paused_until:
            return False
        namespace, claim = name
        try:
            found = self._client.get(IPAMClaim, claim, namespace=namespace)
            before = getattr(found, "status", None) or {}
            conditions = _merged(before.get("conditions") or [], condition)
            wanted = {**status, "conditions": conditions}
            if all(before.get(key) == value for key, value in wanted.items()):
                return True
            self._client.patch(
                IPAMClaim.Status,
                claim,
                {"status": wanted},
                namespace=namespace,
                patch_type=PatchType.MERGE,
            )
        except ERRORS as error:
            if failure_of(error).is_absence_of(claim):
                return True
            self._pause(explain(error, f"the status of IPAMClaim {namespace}/{claim}").message)
            return False
        self._refusal = ""
        return True

    def _pause(self, reason: str) -> None:
        self._paused_until = self._clock() + _PAUSE_SECONDS
        if reason != self._refusal:
            self._refusal = reason
            _log.warning("claim_status_not_written", reason=reason)


def _condition(*, is_true: bool, reason: str, message: str) -> dict[str, Any]:
    return {
        "type": ALLOCATED,
        "status": "True" if is_true else "False",
        "reason": reason,
        "message": message,
    }


def _merged(conditions: Sequence[dict[str, Any]], ours: dict[str, Any]) -> list[dict[str, Any]]:
    """Replace the condition of our type; `lastTransitionTime` changes with its status only."""
    others = [one for one in conditions if one.get("type") != ALLOCATED]
    before = next((one for one in conditions if one.get("type") == ALLOCATED), None)
    is_same = before is not None and before.get("status") == ours["status"]
    since = before.get("lastTransitionTime") if before is not None and is_same else None
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [*others, {**ours, "lastTransitionTime": since or now}]
