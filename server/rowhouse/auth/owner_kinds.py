"""The objects that tell whose address a pod has, as a server keeps them: pods with networks, and IPAMClaims."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, Final

import msgspec

from rowhouse.auth.observed import Kind, Metadata
from rowhouse.domain import claims
from rowhouse.domain.claims import ClaimSpec, claim_spec
from rowhouse.domain.lasting_owners import (
    FACT_ANNOTATIONS,
    FACT_LABELS,
    NETWORKS,
    OwnerReference,
    PodFacts,
)
from rowhouse.domain.liveness import FINISHED, STATIC_POD_UIDS
from rowhouse.ipam.placement import PlacedPod

_Pairs = tuple[tuple[str, str], ...]


class _Spec(msgspec.Struct, gc=False):
    nodeName: str | None = None  # noqa: N815 - Kubernetes' spelling


class _PodStatus(msgspec.Struct, gc=False):
    phase: str | None = None


class _Pod(msgspec.Struct, gc=False):
    metadata: Metadata
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _PodStatus = msgspec.field(default_factory=_PodStatus)


class _Claim(msgspec.Struct, gc=False):
    metadata: Metadata
    spec: dict[str, Any] | None = None


_PODS: Final = msgspec.json.Decoder(_Pod)
_CLAIMS: Final = msgspec.json.Decoder(_Claim)


class KeptPod(msgspec.Struct, gc=False, frozen=True):
    """A pod with its facts only: there may be a hundred thousand of them."""

    node: str
    uids: tuple[str, ...]
    owners: tuple[OwnerReference, ...]
    labels: _Pairs
    annotations: _Pairs

    def placed(self, name: str) -> PlacedPod:
        """Return the pod. Its addresses are not kept."""
        return PlacedPod(
            node=self.node,
            uids=self.uids,
            facts=PodFacts(
                name=name,
                owners=self.owners,
                labels=dict(self.labels),
                annotations=dict(self.annotations),
            ),
            is_observed=True,
        )


def _pod(raw: msgspec.Raw) -> tuple[Metadata, KeptPod | None]:
    pod = _PODS.decode(raw)
    metadata = pod.metadata
    annotations = metadata.annotations or {}
    if NETWORKS not in annotations or not pod.spec.nodeName or pod.status.phase in FINISHED:
        return metadata, None
    static = tuple(annotations[key] for key in STATIC_POD_UIDS if key in annotations)
    kept = KeptPod(
        node=sys.intern(pod.spec.nodeName),
        uids=(metadata.uid, *static),
        owners=tuple(map(owner_reference, metadata.ownerReferences or ())),
        labels=_pairs(metadata.labels or {}, FACT_LABELS),
        annotations=_pairs(annotations, FACT_ANNOTATIONS),
    )
    return metadata, kept


def owner_reference(one: dict[str, Any]) -> OwnerReference:
    """Parse an entry of `ownerReferences`."""
    return OwnerReference(
        group=sys.intern(str(one.get("apiVersion", "")).rpartition("/")[0]),
        kind=sys.intern(str(one.get("kind", ""))),
        name=str(one.get("name", "")),
    )


def _pairs(texts: dict[str, str], keys: tuple[str, ...]) -> _Pairs:
    return tuple((key, texts[key]) for key in keys if key in texts)


def _claim(raw: msgspec.Raw) -> tuple[Metadata, ClaimSpec | None]:
    claim = _CLAIMS.decode(raw)
    try:
        spec = claim_spec({"metadata": {"uid": claim.metadata.uid}, "spec": claim.spec})
    except ValueError:
        return claim.metadata, None  # a request reads it, and says what is wrong
    return claim.metadata, replace(spec, is_observed=True)


PODS: Final = Kind(name="pods", paths=("/api/v1/pods",), read=_pod)
CLAIMS: Final = Kind(
    name=claims.PLURAL,
    paths=tuple(f"/apis/{claims.GROUP}/{version}/{claims.PLURAL}" for version in claims.VERSIONS),
    read=_claim,
)
