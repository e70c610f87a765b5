"""Whether a sandbox that holds an address may still be in use. Pure: facts in, a verdict out.

Every rule is there because leaving it out gave a living pod's address to another one somewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

SandboxKey: TypeAlias = "tuple[str, str, str, str, str, str, datetime]"
STATIC_POD_UIDS: Final = ("kubernetes.io/config.mirror", "kubernetes.io/config.hash")
"""Annotations with the uid that its kubelet gave a static pod; its image in the API has another."""

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
        """Tells a sandbox from a later one of the same name, and from one that another node claims to have."""
        pod = (self.node, self.pod_uid or "", self.namespace, self.pod)
        return (self.container_id, self.interface, *pod, self.attached_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """What matters of a pod. `uids`: its own and, of a static pod, the one that the kubelet gave it."""

    namespace: str
    name: str
    uids: tuple[str, ...]
    phase: str


@dataclass(slots=True)
class ClusterView:
    """The pods and nodes of a cluster, read after the sandboxes that are judged by them."""

    by_uid: dict[str, str] = field(default_factory=dict)
    """uid → phase."""
    by_name: dict[tuple[str, str], str] = field(default_factory=dict)
    """(namespace, name) → phase."""
    nodes: dict[str, bool] = field(default_factory=dict)
    """name → whether what the API says of its pods is true: it is ready, or fenced for good."""

    def add(self, pod: Pod) -> None:
        """One more pod."""
        for uid in pod.uids:
            self.by_uid[uid] = pod.phase
        self.by_name[pod.namespace, pod.name] = pod.phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether nobody uses a sandbox any more, and why."""

    gone: bool
    reason: str


def replaced_sandboxes(held: Iterable[HeldSandbox]) -> set[SandboxKey]:
    """The sandboxes that a later one of the same pod (uid), node and interface replaced: a pod has one on its node.

    An ADD ends those whose address it gets again. The others are left, of a range or a network that the
    pod no longer has.
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
        # Its pods may be gone from the API, deleted by force, and run on behind a cut cable.
        return Verdict(
            gone=False, reason=f"node {held.node} is not ready: what runs there is not known"
        )
    same_name = view.by_name.get((held.namespace, held.pod))
    phase = same_name if held.pod_uid is None else view.by_uid.get(held.pod_uid)
    if phase is None:
        if same_name is not None:
            return Verdict(
                gone=True, reason=f"pod {name} is another one now, of the same name (uid)"
            )
        return Verdict(gone=True, reason=f"there is no pod {name}")
    if phase in FINISHED:
        return Verdict(gone=True, reason=f"pod {name} has finished ({phase})")
    reason = "has a newer sandbox on its node" if is_replaced else f"is there ({phase})"
    return Verdict(gone=is_replaced, reason=f"pod {name} {reason}")
