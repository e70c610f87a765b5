"""The controller: the leader of its replicas continuously releases addresses that no running pod holds."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from rowhouse.domain.defaults import GRACE_SECONDS, OWNER_SECONDS, PASS_SECONDS, SETTLE_SECONDS
from rowhouse.domain.errors import RowhouseError
from rowhouse.ipam.owner_release import OwnerRelease
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.ipam.retention import RequestRetention
from rowhouse.k8s.access import AccessCheck
from rowhouse.k8s.claims import ClaimStatus
from rowhouse.k8s.events import EventRecorder
from rowhouse.k8s.health import controller_checks
from rowhouse.k8s.mirror.runner import MirrorThread
from rowhouse.k8s.owner_objects import OwnerObjects
from rowhouse.k8s.permissions import of_controller
from rowhouse.k8s.pods import KubernetesPods, node_watch, pod_watch
from rowhouse.metrics import LAST_PASS, LEADER, PASSES, RECLAIMED, SUSPECTS
from rowhouse.store.cluster import allocation_failures
from rowhouse.store.cluster.leader_election import LeaderElection
from rowhouse.store.cluster.mirror import MirrorStore
from rowhouse.store.cluster.owners import held_claims

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.domain.checks import Checks
    from rowhouse.ipam.reconcile import Finding
    from rowhouse.k8s.client import KubernetesClient
    from rowhouse.k8s.mirror.mirror import Pacing
    from rowhouse.store.connection.data_source import Source

_log = structlog.get_logger(__name__)
_TICK: Final = 1.0
_ELECTION: Final = 2.0
_STUCK_SECONDS: Final = 600.0
_PRUNING_SECONDS: Final = 3600.0
_DATABASE: Final = "database"
_LISTS: Final = "pods and nodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorSettings:
    """The namespace of whereabouts' objects, and the rate of writes."""

    namespace: str
    pacing: Pacing


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds.

    `grace`: minimum age before release, and the minimum interval between the two checks of full passes.
    `settle`: delay between the end of a watched pod and the second check of it.
    `interval`: interval between full passes when there is nothing new.
    """

    grace: float = GRACE_SECONDS
    settle: float = SETTLE_SECONDS
    interval: float = PASS_SECONDS


class Controller:
    """Runs until it is stopped; survives the loss of the database and of the Kubernetes API.

    Args:
        source: the database itself, not PgBouncer in transaction mode (see `leader_election`).
        cluster: the cluster's name in its nodes' settings.
        client: for that cluster's API.
        timing: intervals and limits.
        mirror: how to mirror to whereabouts' objects; None: no mirror.
        checks: receives the state of each thread, for the probes.
        request_days: how long requests of teams that have ended stay; 0: forever.
    """

    def __init__(
        self,
        source: Source,
        cluster: str,
        client: KubernetesClient,
        timing: Timing,
        mirror: MirrorSettings | None = None,
        checks: Checks | None = None,
        *,
        request_days: int = 0,
    ) -> None:
        self._source = source
        self._cluster = cluster
        self._client = client
        self._timing = timing
        self._mirror = mirror
        self._request_days = request_days
        self._events = EventRecorder(client)
        self._claims = ClaimStatus(client)
        self._pass_soon = threading.Event()
        """Set by a watch that missed events or saw a node change."""
        self.checks = checks or controller_checks()
        self.checks.expect(_DATABASE)
        self._beat()

    def run(self, stop: threading.Event) -> None:
        """Lead whenever elected, until `stop` is set."""
        needed = of_controller(self._mirror.namespace if self._mirror else None)
        AccessCheck(self._client, needed, stop, self.checks).start()
        while not stop.is_set():
            try:
                with LeaderElection(self._source, self._cluster) as election:
                    self._run_for_leader(election, stop)
            except RowhouseError as error:
                _log.warning("leadership_lost", reason=error.message)
                self.checks.failed(_DATABASE, error.message, error.hint)
                self._beat()
                stop.wait(_ELECTION)
            finally:
                LEADER.set(0)

    def _beat(self) -> None:
        self.checks.beat("controller", within_seconds=_STUCK_SECONDS)

    def _run_for_leader(self, election: LeaderElection, stop: threading.Event) -> None:
        while not election.is_leader():
            self._beat()
            self.checks.passed(_DATABASE)
            if stop.wait(_ELECTION):
                return
        LEADER.set(1)
        _log.info("leading", cluster=self._cluster)
        # The suspicions of the previous leader are unknown, so begin with a first check.
        reconciler = Reconciler(
            election.session,
            self._cluster,
            KubernetesPods(self._client),
            grace=self._timing.grace,
            settle=self._timing.settle,
        )
        over = threading.Event()
        self.checks.expect(_LISTS)
        soon = self._pass_soon.set
        pod_watch(self._client, reconciler.pod_ended, soon, over, self.checks).start()
        node_watch(self._client, soon, over, self.checks).start()
        self._start_mirror(over)
        owners = OwnerRelease(election.session, self._cluster, OwnerObjects(self._client))
        try:
            self._lead(election, reconciler, owners, stop)
        finally:
            over.set()
            self.checks.forget(_LISTS)

    def _start_mirror(self, over: threading.Event) -> None:
        if self._mirror is not None:
            namespace, pacing = self._mirror.namespace, self._mirror.pacing
            MirrorThread(
                self._source, self._cluster, self._client, namespace, pacing, over, self.checks
            ).start()
            return
        # If the mirror was on before, its outbox would now grow without a reader.
        try:
            with MirrorStore(self._source, self._cluster) as store:
                if store.turn_off():
                    _log.info("mirror_off", cluster=self._cluster)
        except RowhouseError as error:
            _log.warning("mirror_not_turned_off", reason=error.message)

    def _lead(
        self,
        election: LeaderElection,
        reconciler: Reconciler,
        owners: OwnerRelease,
        stop: threading.Event,
    ) -> None:
        due = looked_at = owners_due = pruning_due = time.monotonic()
        requests = RequestRetention(election.session, days=self._request_days)
        while not stop.is_set():
            self._beat()
            election.check()
            self.checks.passed(_DATABASE)
            try:
                self._report(reconciler.check_ended())
                failures = allocation_failures.take(election.session, self._cluster)
                self._events.refused(failures)
                self._claims.refused(failures)
                self._events.flush()
                if time.monotonic() >= owners_due:
                    owners_due = time.monotonic() + min(OWNER_SECONDS, self._timing.interval)
                    RECLAIMED.inc(owners.look())
                    self._claims.write(held_claims(election.session, self._cluster))
                    if owners.is_unfinished or self._claims.is_unfinished:
                        owners_due = 0.0
                if time.monotonic() >= pruning_due:
                    more = requests.step()
                    pruning_due = time.monotonic() + (_TICK if more else _PRUNING_SECONDS)
                if self._pass_soon.is_set():
                    self._pass_soon.clear()
                    # Not more often than the second checks, even if nodes flap.
                    due = min(due, looked_at + self._timing.grace)
                if time.monotonic() >= due:
                    looked_at = time.monotonic()
                    due = looked_at + self._full_pass(reconciler)
                    self.checks.passed(_LISTS)
            except RowhouseError as error:
                election.check()  # raises if the database is lost; otherwise only the cluster is
                PASSES.labels("failed").inc()
                _log.warning("pass_failed", reason=error.message, hint=error.hint)
                self.checks.failed(_LISTS, error.message, error.hint)
                due = max(due, time.monotonic() + min(30.0, self._timing.interval))
            stop.wait(_TICK)

    def _full_pass(self, reconciler: Reconciler) -> float:
        """Make a full pass; return the seconds until the next one."""
        began = time.monotonic()
        found = reconciler.look()
        PASSES.labels("complete").inc()
        LAST_PASS.set_to_current_time()
        SUSPECTS.set(reconciler.suspects)
        self._report(found.findings)
        _log.info(
            "pass",
            sandboxes=found.sandboxes,
            suspects=reconciler.suspects,
            reclaimed=sum(len(one.released) for one in found.findings),
            seconds=round(time.monotonic() - began, 2),
        )
        if reconciler.suspects:
            return min(self._timing.interval, self._timing.grace)
        return self._timing.interval

    def _report(self, findings: Sequence[Finding]) -> None:
        released = [finding for finding in findings if finding.released]
        RECLAIMED.inc(sum(len(finding.released) for finding in released))
        self._events.reclaimed(released)
