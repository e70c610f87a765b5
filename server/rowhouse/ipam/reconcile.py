"""Release what no living pod holds: the leaks that a lost DEL leaves behind.

A sandbox is looked at twice, a grace period apart, and released only if nobody used it both times. What is
known between the two looks is known by one process: another leader begins with a first look.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import structlog

from rowhouse.domain.defaults import GRACE_SECONDS, SETTLE_SECONDS
from rowhouse.domain.errors import RowhouseError, TryAgain
from rowhouse.domain.liveness import judge, replaced_sandboxes
from rowhouse.store.cluster import sandboxes

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.domain.liveness import ClusterView, HeldSandbox, SandboxKey, Verdict
    from rowhouse.store.cluster.sandboxes import Session

_log = structlog.get_logger(__name__)


class PodSource(Protocol):
    """Where the pods are known."""

    def view(self) -> ClusterView:
        """All pods and nodes now. Raises TryAgain unless the list is whole."""

    def view_of(self, namespace: str, pod: str, nodes: set[str]) -> ClusterView:
        """One pod and some nodes, as they are now. Raises TryAgain if that cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A sandbox that nobody uses, why, and what became of it; `released` addresses are free again."""

    held: HeldSandbox
    verdict: Verdict
    second_look: bool
    released: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Pass:
    """What one look at everything found: how many sandboxes there are, and those that nobody uses."""

    sandboxes: int = 0
    findings: list[Finding] = field(default_factory=list)


class Reconciler:
    """Looks at the sandboxes of one cluster, again and again.

    Args:
        session: the leader's connection.
        cluster: whose sandboxes; those of other clusters are another controller's.
        pods: where its pods are known.
        grace: seconds: nothing younger is judged, and the two looks are so far apart.
        settle: the same after the end of a pod was seen, which is a look of its own.
        actor: who it is for the history.
        dry_run: release nothing.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        session: Session,
        cluster: str,
        pods: PodSource,
        *,
        grace: float = GRACE_SECONDS,
        settle: float = SETTLE_SECONDS,
        actor: str = "controller",
        dry_run: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.grace = grace
        self._session = session
        self._cluster = cluster
        self._pods = pods
        self._settle = settle
        self._actor = actor
        self._dry_run = dry_run
        self._clock = clock
        self._suspects: dict[SandboxKey, float] = {}
        self._ended: dict[tuple[str, str], float] = {}

    @property
    def suspects(self) -> int:
        """How many sandboxes wait for their second look."""
        return len(self._suspects)

    def look(self) -> Pass:
        """Looks at everything once. Raises TryAgain, NotReady; nothing was released then.

        Sandboxes are read before pods: one that is attached meanwhile is not looked at, and a pod that
        appears meanwhile is seen.
        """
        held = list(sandboxes.held_sandboxes(self._session, self._cluster))
        view = self._pods.view()
        if held and not view.by_uid:
            raise TryAgain(
                "the list of pods is empty, though pods hold addresses: nothing is released",
                hint="Is this the right cluster, and may this account list pods in all namespaces?",
            )
        found = Pass(sandboxes=len(held))
        now = self._clock()
        suspects: dict[SandboxKey, float] = {}
        replaced = replaced_sandboxes(held)
        for one in held:
            verdict = judge(one, view, grace=self.grace, is_replaced=one.key in replaced)
            if not verdict.gone:
                continue
            first_look = self._suspects.get(one.key, now)
            second = one.key in self._suspects and now - first_look >= self.grace
            finding = Finding(held=one, verdict=verdict, second_look=second)
            if second and not self._dry_run:
                finding = self._release(finding)
            else:
                suspects[one.key] = first_look
            found.findings.append(finding)
        self._suspects = suspects
        return found

    def pod_ended(self, namespace: str, pod: str) -> None:
        """A pod's end was seen: that is a first look; the second one follows soon."""
        self._ended.setdefault((namespace, pod), self._clock() + self._settle)

    def check_ended(self) -> list[Finding]:
        """Takes the second look at pods whose end was seen long enough ago.

        Raises TryAgain, NotReady if not even the first of them could be looked at. One that could not keeps its
        place, and is looked at again after the others.
        """
        now = self._clock()
        findings: list[Finding] = []
        looked = 0
        for (namespace, pod), due in list(self._ended.items()):
            if due > now:
                continue
            held = sandboxes.sandboxes_of_pod(self._session, self._cluster, namespace, pod)
            if not held:
                # Most pods have no address of ours: the API server is not asked about them.
                del self._ended[namespace, pod]
                continue
            try:
                view = self._pods.view_of(namespace, pod, {one.node for one in held if one.node})
            except TryAgain as error:
                del self._ended[namespace, pod]
                self._ended[namespace, pod] = now + self._settle
                if not looked:
                    raise
                _log.warning("not_looked_at", pod=f"{namespace}/{pod}", reason=error.message)
                break
            looked += 1
            del self._ended[namespace, pod]
            for one in held:
                verdict = judge(one, view, grace=self._settle)
                if verdict.gone:
                    finding = Finding(held=one, verdict=verdict, second_look=True)
                    findings.append(finding if self._dry_run else self._release(finding))
        return findings

    def _release(self, finding: Finding) -> Finding:
        held = finding.held
        try:
            released = sandboxes.reclaim(self._session, self._actor, self._cluster, held)
        except RowhouseError as error:
            # One that cannot be released now must not keep the others waiting; the next pass tries again.
            if self._session.closed:
                raise
            _log.warning("not_reclaimed", container_id=held.container_id, reason=error.message)
            return finding
        _log.info(
            "reclaimed",
            addresses=released,
            pod=f"{held.namespace}/{held.pod}",
            node=held.node,
            container_id=held.container_id,
            reason=finding.verdict.reason,
        )
        return Finding(
            held=held, verdict=finding.verdict, second_look=True, released=tuple(released)
        )
