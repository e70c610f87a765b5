"""Release addresses that no running pod holds: leaks after a lost DEL.

A sandbox is checked twice, a grace period apart, and released only if it was unused both times. The result of the
first check stays in the process: a new leader starts with a first check.
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
    """Lists the pods and nodes."""

    def view(self) -> ClusterView:
        """List all pods and nodes. Raises TryAgain if the list is incomplete."""

    def view_of(self, namespace: str, pod: str, nodes: set[str]) -> ClusterView:
        """Read one pod and some nodes. Raises TryAgain if that fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An unused sandbox, with the reason and the outcome; `released` addresses are free again."""

    held: HeldSandbox
    verdict: Verdict
    second_look: bool
    released: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Pass:
    """The result of a full pass: the number of sandboxes, and the unused ones."""

    sandboxes: int = 0
    findings: list[Finding] = field(default_factory=list)


class Reconciler:
    """Repeatedly checks the sandboxes of one cluster.

    Args:
        session: the leader's connection.
        cluster: the cluster; other clusters have their own controllers.
        pods: lists its pods.
        grace: minimum age before release, and the interval between the two checks, in seconds.
        settle: the same interval after the end of a watched pod, which counts as the first check.
        actor: the actor for the history.
        dry_run: release nothing.
        clock: monotonic time in seconds.
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
        """The number of sandboxes that await their second check."""
        return len(self._suspects)

    def look(self) -> Pass:
        """Make one full pass. Raises TryAgain, NotReady; nothing was released then.

        Sandboxes are read before pods. So the pass skips sandboxes that attach meanwhile, and includes pods that
        appear meanwhile.
        """
        held = list(sandboxes.held_sandboxes(self._session, self._cluster))
        view = self._pods.view()
        if held and not view.by_uid:
            raise TryAgain(
                "the list of pods is empty although pods hold addresses; nothing is released",
                hint="Check that this is the right cluster, and that this account may list pods in all namespaces.",
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
        """Record the end of a watched pod as its first check; the second check follows soon."""
        self._ended.setdefault((namespace, pod), self._clock() + self._settle)

    def check_ended(self) -> list[Finding]:
        """Make the second check of pods whose end was seen long enough ago.

        Raises TryAgain, NotReady if the first of them cannot be checked. A pod that cannot be checked stays queued
        and is retried after the others.
        """
        now = self._clock()
        findings: list[Finding] = []
        looked = 0
        for (namespace, pod), due in list(self._ended.items()):
            if due > now:
                continue
            held = sandboxes.sandboxes_of_pod(self._session, self._cluster, namespace, pod)
            if not held:
                # Most pods have no address of ours, so do not query the API server for them.
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
            # A failed release must not delay the others; the next pass retries it.
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
