"""The mirror's thread beside the leader, with its own connection and lock; it survives the loss of either side."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import structlog

from rowhouse import metrics
from rowhouse.domain.errors import RowhouseError
from rowhouse.k8s.mirror.mirror import Mirror, Pacing, Tally
from rowhouse.k8s.watch import STUCK_SECONDS
from rowhouse.store.cluster.mirror import MirrorStore

if TYPE_CHECKING:
    from rowhouse.domain.checks import Checks
    from rowhouse.k8s.client import KubernetesClient
    from rowhouse.store.connection.data_source import Source

_log = structlog.get_logger(__name__)
_AGAIN: Final = 2.0
_MAX_PAUSE: Final = 60.0
_CHECK_SECONDS: Final = 5.0
_COALESCE: Final = 0.5
_REST: Final = 4.0
"""The pause, in multiples of the time for reading and comparing, which thus use at most a fifth of a core."""
_REPORT: Final = 15.0


class MirrorThread(threading.Thread):
    """Mirrors until it is stopped.

    Args:
        source: the database itself, not PgBouncer in transaction mode.
        cluster: the name that the nodes of this cluster send.
        client: for that cluster's API.
        namespace: where the objects are.
        pacing: how fast.
        stop: ends it.
        checks: receives the state of the thread.
    """

    def __init__(
        self,
        source: Source,
        cluster: str,
        client: KubernetesClient,
        namespace: str,
        pacing: Pacing,
        stop: threading.Event,
        checks: Checks,
    ) -> None:
        super().__init__(name="mirror", daemon=True)
        self._source = source
        self._cluster = cluster
        self._client = client
        self._namespace = namespace
        self._pacing = pacing
        self._stop_asked = stop
        self._checks = checks
        self._pause = _AGAIN

    def run(self) -> None:
        """Take the lock and mirror; start again after the loss of the database or any other error."""
        self._checks.expect(self.name)
        while not self._stop_asked.is_set():
            try:
                with MirrorStore(self._source, self._cluster) as store:
                    self._mirror(store)
            except RowhouseError as error:
                metrics.MIRROR_FAILURES.labels("database").inc()
                _log.warning("mirror_interrupted", reason=error.message, hint=error.hint)
                self._checks.failed(self.name, error.message, error.hint)
            except Exception as error:  # noqa: BLE001 - a dead mirror would serve outdated objects
                metrics.MIRROR_FAILURES.labels("error").inc()
                _log.exception("mirror_failed")
                self._checks.failed(self.name, str(error) or type(error).__name__)
            self._beat()
            self._stop_asked.wait(self._pause)
            # Turning it on needs a lock that may be held for long; each attempt makes other sessions wait briefly.
            self._pause = min(self._pause * 2, _MAX_PAUSE)
        self._checks.forget(self.name)

    def _beat(self) -> None:
        self._checks.beat(self.name, within_seconds=STUCK_SECONDS)

    def _mirror(self, store: MirrorStore) -> None:
        # The previous leader's mirror may still be finishing its last write.
        while not store.is_ours():
            self._beat()
            if self._stop_asked.wait(_AGAIN):
                return
        store.turn_on(self._namespace)
        self._pause = _AGAIN
        _log.info("mirroring", cluster=self._cluster, namespace=self._namespace)
        # Watches of an earlier connection must not outlive it.
        over = threading.Event()
        mirror = Mirror(
            store, self._client, self._namespace, over, self._pacing, checks=self._checks
        )
        reported = 0.0
        try:
            while not self._stop_asked.is_set():
                self._beat()
                tally = self._round(store, mirror)
                if mirror.trouble:
                    self._checks.failed(self.name, mirror.trouble)
                elif not tally.failed:
                    self._checks.passed(self.name)
                if tally.written or tally.failed or time.monotonic() - reported > _REPORT:
                    reported = time.monotonic()
                    store.report(mirror.report())
                self._stop_asked.wait(max(_COALESCE, _REST * tally.planning))
                self._sleep(store, mirror)
        finally:
            over.set()

    def _round(self, store: MirrorStore, mirror: Mirror) -> Tally:
        try:
            tally = mirror.round()
        except RowhouseError as error:
            store.check()  # raises if the database connection is lost, and thus the lock
            _log.warning("mirror_round_failed", reason=error.message, hint=error.hint)
            self._checks.failed(self.name, error.message, error.hint)
            return Tally(failed=1)
        if tally.written or tally.failed:
            _log.info("mirrored", written=tally.written, failed=tally.failed)
        return tally

    def _sleep(self, store: MirrorStore, mirror: Mirror) -> None:
        """Wait for a change, or until the next round is due."""
        until = time.monotonic() + min(_CHECK_SECONDS, mirror.pause)
        while (left := until - time.monotonic()) > 0 and not self._stop_asked.is_set():
            if mirror.has_edits or store.was_woken(min(left, 0.25)):
                return
