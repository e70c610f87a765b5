"""Decide whether a sandbox that holds an address may still be in use. Pure: facts in, a verdict out.

Each rule exists because without it, a running pod's address was once assigned to another pod.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

SandboxKey: TypeAlias = "tuple[str, str, str, str, str, str, datetime]"
STATIC_POD_UIDS: Final = ("kubernetes.io/config.mirror", "kubernetes.io/config.hash")
"""The annotation with the uid that the kubelet gave a static pod; its mirror pod has another."""

FINISHED: Final = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSandbox:
    """A sandbox that holds addresses; `age` is seconds since the last attach, by the database's clock."""

    container_id: str
    interface: str
    node: str
    network: str
    addresses: tuple[str, ...]
    attached_at: datetime
    age: float
    pod_uid: str | None
    namespace: str
    pod: str

    @property
    def key(self) -> SandboxKey:
        """Distinguishes a sandbox from a later one with the same name, and from one claimed by another node."""
        pod = (self.node, self.pod_uid or "", self.namespace, self.pod)
        return (self.container_id, self.interface, *pod, self.attached_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """The relevant facts of a pod. `uids`: its own and, for a static pod, the one from the kubelet."""

    namespace: str
    name: str
    uids: tuple[str, ...]
    phase: str


@dataclass(slots=True)
class ClusterView:
    """The pods and nodes of a cluster, read after the sandboxes to be judged."""

    by_uid: dict[str, str] = field(default_factory=dict)
    """uid → phase."""
    by_name: dict[tuple[str, str], str] = field(default_factory=dict)
    """(namespace, name) → phase."""
    nodes: dict[str, bool] = field(default_factory=dict)
    """name → whether the API's data about its pods is reliable: the node is ready, or fenced for good."""

    def add(self, pod: Pod) -> None:
        """Add a pod."""
        for uid in pod.uids:
            self.by_uid[uid] = pod.phase
        self.by_name[pod.namespace, pod.name] = pod.phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a sandbox is gone, and the reason."""

    gone: bool
    reason: str


def replaced_sandboxes(held: Iterable[HeldSandbox]) -> set[SandboxKey]:
    """Return the sandboxes that a later one of the same pod (uid), node and interface has replaced.

    A pod has one sandbox on its node. An ADD ends replaced sandboxes whose address it gets again. The others
    remain: those in a range or a network that the pod no longer uses.
    """
    newest: dict[tuple[str, ...], HeldSandbox] = {}
    told = [one for one in held if one.pod_uid and one.node and one.container_id]
    for one in told:
        place = _place(one)
        if place not in newest or one.attached_at > newest[place].attached_at:
            newest[place] = one
    return {
        one.key
        for one in told
        if (latest := newest[_place(one)]).container_id != one.container_id
        and one.attached_at < latest.attached_at
    }


def _place(one: HeldSandbox) -> tuple[str, ...]:
    return one.namespace, one.pod, one.pod_uid or "", one.node, one.interface


def judge(
    held: HeldSandbox, view: ClusterView, *, grace: float, is_replaced: bool = False
) -> Verdict:
    """Whether a sandbox is gone. `grace` in seconds: nothing younger is ever gone."""
    name = f"{held.namespace}/{held.pod}"
    if held.age < grace:
        return Verdict(gone=False, reason=f"attached less than {grace:g} s ago")
    if held.node and not view.nodes.get(held.node, True):
        # Its pods may have been force-deleted from the API but still run while the node is disconnected.
        return Verdict(
            gone=False, reason=f"node {held.node} is not ready, so its running pods are unknown"
        )
    same_name = view.by_name.get((held.namespace, held.pod))
    phase = same_name if held.pod_uid is None else view.by_uid.get(held.pod_uid)
    if phase is None:
        if same_name is not None:
            return Verdict(
                gone=True, reason=f"pod {name} was replaced by another pod with the same name (uid)"
            )
        return Verdict(gone=True, reason=f"there is no pod {name}")
    if phase in FINISHED:
        return Verdict(gone=True, reason=f"pod {name} has finished ({phase})")
    reason = "has a newer sandbox on its node" if is_replaced else f"exists ({phase})"
    return Verdict(gone=is_replaced, reason=f"pod {name} {reason}")
