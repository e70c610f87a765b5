"""Write the status of IPAMClaims: their addresses, the pod that uses them, and whether they were assigned.

The fields are those of k8snetworkplumbingwg/ipamclaims, of any version that the API server serves. What the database
says is written if it differs from what this process wrote last, so a new leader compares every claim once.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import structlog
from lightkube.resources.core_v1 import Pod
from lightkube.types import PatchType

from rowhouse.domain.lasting_owners import PodFacts, claim_of
from rowhouse.k8s.failures import ERRORS, explain, failure_of
from rowhouse.k8s.owner_objects import ServedClaims
from rowhouse.store.cluster.allocation_failures import CLAIM_REFUSED, NO_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lightkube import Client

    from rowhouse.domain.lasting_owners import HeldClaim, ObjectName
    from rowhouse.store.cluster.allocation_failures import AllocationFailure

_log = structlog.get_logger(__name__)
_Status: TypeAlias = dict[str, Any]
ALLOCATED: Final = "IPsAllocated"
"""The type of our condition, as OVN-Kubernetes names it."""
_REASONS: Final = (NO_ADDRESS, CLAIM_REFUSED)
"""Reasons of allocation failures that become those of the condition."""
_MAX_IPS: Final = 2
"""By the CRD's validation."""
_INVALID: Final = 422
_WRITE_SECONDS: Final = 1.0
"""How long one call compares claims one by one; the next call continues."""
_MAX_READ_SINGLY: Final = 20
"""More claims than these are listed first."""
_PAGE: Final = 500
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
        self._claims = ServedClaims()
        self._written: dict[ObjectName, HeldClaim] = {}
        self._paused_until = 0.0
        self._refusal = ""
        self._names_pods = False
        """Whether `ownerPod` of this cluster's CRD is a string, as published first, and not an object."""
        self.is_unfinished = False
        """Whether the last call left claims for the next one, which should then come soon."""

    def write(self, claims: Sequence[HeldClaim]) -> None:
        """Write the status of claims that changed. Errors of the API server never raise."""
        known = {one.object for one in claims}
        for gone in self._written.keys() - known:
            del self._written[gone]
        changed = {one.object: one for one in claims if self._written.get(one.object) != one}
        condition = _condition(is_true=True, reason="SuccessfulAllocation", message="")
        before: dict[ObjectName, _Status] = {}
        if len(changed) > _MAX_READ_SINGLY:
            before = self._read_all(changed)
            changed = self._different(changed, before, condition)
        ends = self._clock() + _WRITE_SECONDS
        self.is_unfinished = False
        for name, one in changed.items():
            if self._clock() > ends:
                self.is_unfinished = True
                return
            if not self._patch(name, condition, held=one, before=before.get(name)):
                return
            self._written[name] = one

    def _read_all(self, wanted: Mapping[ObjectName, HeldClaim]) -> dict[ObjectName, _Status]:
        """Read the status of many claims with one list."""
        if self._clock() < self._paused_until:
            return {}
        try:
            return self._claims.ask(partial(self._listed, wanted))
        except ERRORS as error:
            self._pause(explain(error, "a list of all IPAMClaims").message)
            return {}

    def _listed(
        self, wanted: Mapping[ObjectName, HeldClaim], kind: Any
    ) -> dict[ObjectName, _Status]:
        found: dict[ObjectName, _Status] = {}
        for obj in self._client.list(kind, namespace="*", chunk_size=_PAGE):
            name = str(obj.metadata.namespace), str(obj.metadata.name)
            if name in wanted:
                found[name] = getattr(obj, "status", None) or {}
        return found

    def _different(
        self,
        held: Mapping[ObjectName, HeldClaim],
        before: Mapping[ObjectName, _Status],
        condition: dict[str, Any],
    ) -> dict[ObjectName, HeldClaim]:
        """Leave out the claims whose status is as it should be (a new leader has many), and those that are gone."""
        found: dict[ObjectName, HeldClaim] = {}
        for name, status in before.items():
            names_pods = isinstance(status.get("ownerPod"), str)
            wanted = _status(status, held[name], condition, names_pods=names_pods)
            if _is_as_wanted(status, wanted):
                self._written[name] = held[name]
            else:
                found[name] = held[name]
        return found

    def refused(self, failures: Sequence[AllocationFailure]) -> None:
        """Tell the claims of pods that got no address. Errors of the API server never raise."""
        for one in failures:
            if one.reason not in _REASONS or self._clock() < self._paused_until:
                continue
            claim = self._claim_of(one)
            if claim is not None:
                # (A later address is written in any case.)
                self._written.pop((one.namespace, claim), None)
                condition = _condition(
                    is_true=False, reason=one.reason, message=one.message[:_MAX_MESSAGE]
                )
                self._patch((one.namespace, claim), condition)

    def _claim_of(self, failure: AllocationFailure) -> str | None:
        try:
            pod = self._client.get(Pod, failure.pod, namespace=failure.namespace)
            annotations = (pod.metadata.annotations if pod.metadata else None) or {}
            return claim_of(PodFacts(name=failure.pod, annotations=annotations), failure.interface)
        except ERRORS:  # also an unreadable annotation; the pod may be gone
            return None

    def _patch(
        self,
        name: ObjectName,
        condition: dict[str, Any],
        *,
        held: HeldClaim | None = None,
        before: _Status | None = None,
    ) -> bool:
        """Merge into the status; whether it is as wanted now, or there is no such claim.

        Without `held`, the claim was refused: a claim that has addresses keeps its status. Without `before`, the status
        is read first.
        """
        if self._clock() < self._paused_until:
            return False
        namespace, claim = name
        try:
            if before is None:
                found = self._claims.ask(
                    lambda kind: self._client.get(kind, claim, namespace=namespace)
                )
                before = getattr(found, "status", None) or {}
            if held is None and before.get("ips"):
                return True
            self._merge(name, before, held, condition)
        except ERRORS as error:
            if failure_of(error).is_absence_of(claim):
                return True
            self._pause(explain(error, f"the status of IPAMClaim {namespace}/{claim}").message)
            return False
        self._refusal = ""
        return True

    def _merge(
        self,
        name: ObjectName,
        before: dict[str, Any],
        held: HeldClaim | None,
        condition: dict[str, Any],
    ) -> None:
        try:
            self._send(name, before, _status(before, held, condition, names_pods=self._names_pods))
        except ERRORS as error:
            if failure_of(error).status != _INVALID:
                raise
            # The other form of the CRD: its versions have the same name.
            other = not self._names_pods
            self._send(name, before, _status(before, held, condition, names_pods=other))
            self._names_pods = other

    def _send(self, name: ObjectName, before: dict[str, Any], wanted: dict[str, Any]) -> None:
        if _is_as_wanted(before, wanted):
            return
        namespace, claim = name
        self._claims.ask(
            lambda kind: self._client.patch(
                kind.Status,
                claim,
                {"status": wanted},
                namespace=namespace,
                patch_type=PatchType.MERGE,
            )
        )

    def _pause(self, reason: str) -> None:
        self._paused_until = self._clock() + _PAUSE_SECONDS
        if reason != self._refusal:
            self._refusal = reason
            _log.warning("claim_status_not_written", reason=reason)


def _is_as_wanted(before: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(before.get(key) == value for key, value in wanted.items())


def _status(
    before: dict[str, Any], held: HeldClaim | None, condition: dict[str, Any], *, names_pods: bool
) -> dict[str, Any]:
    """Return the fields to write. With `names_pods`, the CRD requires `ips` and `ownerPod`, even if they are empty."""
    wanted: dict[str, Any] = {}
    if names_pods:
        wanted["ips"] = list(held.ips[:_MAX_IPS]) if held else []
        wanted["ownerPod"] = held.pod if held else ""
    elif held:
        wanted["ips"] = list(held.ips[:_MAX_IPS])
        wanted["ownerPod"] = {"name": held.pod} if held.pod else None
    return {**wanted, "conditions": _merged(before.get("conditions") or [], condition)}


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
