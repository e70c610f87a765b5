"""Which owner that outlives the pod an address belongs to. Pure: facts of a pod in, an owner out.

The facts are those that KubeVirt, the StatefulSet controller and the users of IPAMClaims write to a pod:
`ownerReferences`, the annotation and the labels of virt-launcher pods, the network selection element of the interface.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from rowhouse.domain.requests import LastingOwner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KeepFor: TypeAlias = Literal["", "vm", "statefulset", "name"]
"""Whose address it is: "" the pod's, or that of its virtual machine, its StatefulSet's identity, or its name."""

ObjectName: TypeAlias = tuple[str, str]
"""Namespace and name."""

VIRTUAL_MACHINE: Final = "VirtualMachine"
STATEFUL_SET: Final = "StatefulSet"
IPAM_CLAIM: Final = "IPAMClaim"

KEPT_BY: Final[dict[str, str]] = {"vm": VIRTUAL_MACHINE, "statefulset": STATEFUL_SET}
"""Whose address it is → the kind of object that keeps it."""

NETWORKS: Final = "k8s.v1.cni.cncf.io/networks"
_CLAIM: Final = "ipam-claim-reference"
_DOMAIN: Final = "kubevirt.io/domain"
_MACHINE_NAME: Final = "vm.kubevirt.io/name"
_LAUNCHER: Final = ("kubevirt.io", "virt-launcher")

FACT_ANNOTATIONS: Final = (NETWORKS, _DOMAIN)
FACT_LABELS: Final = (_LAUNCHER[0], _DOMAIN, _MACHINE_NAME)
"""What is read of a pod's annotations and labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerReference:
    """An entry of a pod's `ownerReferences`; `group` is that of its API, without the version."""

    group: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PodFacts:
    """What a pod says about its owners."""

    name: str
    owners: Sequence[OwnerReference] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


def named_owner(pod: str, interface: str) -> LastingOwner:
    """Return the owner for a pod whose name is stable. No object keeps it."""
    return LastingOwner(kind="workload", name=pod, interface=interface)


def lasting_owner(
    pod: PodFacts, interface: str, keep_for: KeepFor, *, by_claim: bool = False
) -> LastingOwner | None:
    """Return the owner of the address of an interface; None: the pod itself.

    With `by_claim`, the claim that the pod names for this interface comes first.
    """
    claim = claim_of(pod, interface) if by_claim else None
    if claim is not None:
        return LastingOwner(
            kind="claim",
            name=claim,
            interface="",
            object_kind=IPAM_CLAIM,
            object_name=claim,
            # Plain pods with one claim would use one address at the same time.
            may_share=machine_of(pod) is not None,
        )
    if keep_for == "vm" and (machine := machine_of(pod)):
        return LastingOwner(
            kind="virtual_machine",
            name=machine,
            interface=interface,
            object_kind=VIRTUAL_MACHINE,
            object_name=machine,
        )
    if keep_for == "statefulset" and (stateful_set := stateful_set_of(pod)):
        return LastingOwner(
            kind="workload",
            name=pod.name,
            interface=interface,
            object_kind=STATEFUL_SET,
            object_name=stateful_set,
        )
    return named_owner(pod.name, interface) if keep_for == "name" else None


def machine_of(pod: PodFacts) -> str | None:
    """Return the name of the virtual machine of a virt-launcher pod. An instance has the name of its machine."""
    for owner in pod.owners:
        if owner.group == "kubevirt.io" and owner.kind == "VirtualMachineInstance":
            return owner.name
    key, value = _LAUNCHER
    if pod.labels.get(key) != value:
        return None
    # The label may be shortened, so it comes last.
    found = pod.annotations.get(_DOMAIN) or pod.labels.get(_DOMAIN) or pod.labels.get(_MACHINE_NAME)
    return found or None


def stateful_set_of(pod: PodFacts) -> str | None:
    """Return the name of the StatefulSet of a pod."""
    for owner in pod.owners:
        if owner.group == "apps" and owner.kind == "StatefulSet":
            return owner.name
    return None


def claim_of(pod: PodFacts, interface: str) -> str | None:
    """Return the name of the IPAMClaim in the network selection element of an interface.

    multus names an interface net1, net2, … by the position of the element if the element names none. The short form of
    the annotation (`net-a, net-b`) has no claims. Raises ValueError if the annotation is unreadable, or if two
    interfaces refer to one claim: they would get one address.
    """
    text = pod.annotations.get(NETWORKS, "").strip()
    if not text.startswith("["):
        return None
    found: str | None = None
    users: dict[str, int] = {}
    for position, element in enumerate(_elements(text), 1):
        if not isinstance(element, dict):
            raise ValueError(f"element {position} is not an object")  # noqa: TRY004 - as invalid JSON
        claim = element.get(_CLAIM)
        if claim is not None and not isinstance(claim, str):
            raise ValueError(f"{_CLAIM} of element {position} is not a string")
        if not claim:
            continue
        if users.setdefault(claim, position) != position:
            raise ValueError(
                f"elements {users[claim]} and {position} refer to the same claim {claim}"
            )
        if (element.get("interface") or f"net{position}") == interface:
            found = claim
    return found


def _elements(text: str) -> list[Any]:
    try:
        return list(json.loads(text))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOwner:
    """An owner in the database, and the Kubernetes object whose existence keeps its addresses.

    With an `object_uid`, an object of another uid is another one, created after the first was deleted.
    """

    kind: str
    namespace: str
    name: str
    object_kind: str
    object_name: str
    object_uid: str = ""

    @property
    def object(self) -> ObjectName:
        """Namespace and name of the object."""
        return self.namespace, self.object_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Existence:
    """What a cluster says about objects of one kind. An object in none of the three was not looked for yet.

    `exist`: the uid of each object, "" if only its name counts. `unseen`: the cluster does not serve the kind, or not
    to this account; `reason` says which. Unless `is_whole`, the next look continues with the others.
    """

    exist: Mapping[ObjectName, str] = field(default_factory=dict)
    gone: frozenset[ObjectName] = frozenset()
    unseen: frozenset[ObjectName] = frozenset()
    reason: str = ""
    is_whole: bool = True

    def keeps(self, owner: KeptOwner) -> bool:
        """Whether the owner's object exists."""
        uid = self.exist.get(owner.object)
        return uid is not None and (not uid or owner.object_uid in {"", uid})

    def is_gone(self, owner: KeptOwner) -> bool:
        """Whether the owner's object does not exist, or was created again under its name."""
        return owner.object in self.gone or (owner.object in self.exist and not self.keeps(owner))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldClaim:
    """A claim with its addresses as CIDRs, and the pod that attached last ("": none)."""

    namespace: str
    name: str
    ips: tuple[str, ...]
    pod: str

    @property
    def object(self) -> ObjectName:
        """Namespace and name."""
        return self.namespace, self.name
