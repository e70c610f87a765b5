"""The loop that watches a kind of object and restarts its watch after any error."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from rowhouse.k8s.failures import ERRORS, explain, failure_of
from rowhouse.metrics import WATCH_RESTARTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.domain.checks import Checks
    from rowhouse.k8s.client import KubernetesClient

_log = structlog.get_logger(__name__)
WATCH_SECONDS: Final = 240
"""The API server ends a watch after this time; bookmarks come before that, so the next watch continues there."""
STUCK_SECONDS: Final = 600.0
_MIN_PAUSE_SECONDS: Final = 0.5
_MAX_PAUSE_SECONDS: Final = 30.0
_MAX_RETRY_AFTER_SECONDS: Final = 300.0
_BRIEF_SECONDS: Final = 1.0
"""A silent watch that ends sooner counts as failed, because a peer may end every watch immediately."""


class Watch(threading.Thread):
    """Watches a kind until it is stopped; survives every answer and every silence of an API server.

    Args:
        client: of the cluster.
        kind: a resource class of lightkube.
        name: for logs, metrics and checks: "watch NAME".
        namespace: "*" for all, None for what is in none.
        begin: the resourceVersion to begin after; None ends the watch. Called at the start, and whenever events were
            lost (410). May raise any of `failures.ERRORS`.
        tell: called in this thread with each event: ADDED, MODIFIED or DELETED, and the object.
        stop: ends it at its next event. Closing the connection ends it as well.
        checks: receives the state of the watch.
    """

    def __init__(  # noqa: PLR0913 - all of them keywords
        self,
        client: KubernetesClient,
        kind: Any,
        *,
        name: str,
        namespace: str | None,
        begin: Callable[[], str | None],
        tell: Callable[[str, Any], None],
        stop: threading.Event,
        checks: Checks,
        seconds: int = WATCH_SECONDS,
    ) -> None:
        super().__init__(name=f"watch {name}", daemon=True)
        self._client = client
        self._kind = kind
        self._kind_name = name
        self._namespace = namespace
        self._begin = begin
        self._tell = tell
        self._stop_asked = stop
        self._checks = checks
        self._seconds = seconds
        self._version: str | None = ""
        # A separate generator: replicas must not reconnect in step, and the global one must stay untouched.
        self._random = random.Random()  # noqa: S311 - the backoff needs no secure randomness
        self._pause = _MIN_PAUSE_SECONDS

    def run(self) -> None:
        """Watch, and restart after any end."""
        self._checks.expect(self.name)
        while not self._stop_asked.is_set():
            self._beat()
            try:
                if not self._version:
                    self._version = self._begin()
                    if self._version is None:
                        break
                self._follow(self._version)
            except ERRORS as error:
                self._interrupted(error)
            except Exception as error:  # noqa: BLE001 - the watch survives errors of its listener
                # `tell` failed, so this event is lost: only a new list recovers it.
                _log.exception("watch_failed", watch=self._kind_name)
                self._restart("error", str(error) or type(error).__name__)
        self._checks.forget(self.name)

    def _follow(self, version: str) -> None:
        began, lines = time.monotonic(), 0
        events = self._client.watch_once(
            self._kind, namespace=self._namespace, version=version, seconds=self._seconds
        )
        for event, at, obj in events:
            if self._stop_asked.is_set():
                return
            self._beat()
            if event == "OPENED":
                self._checks.passed(self.name)
                continue
            lines += 1
            self._version = at
            self._pause = _MIN_PAUSE_SECONDS
            if event != "BOOKMARK":
                self._tell(event, obj)
        if lines:
            return
        if time.monotonic() - began < _BRIEF_SECONDS:
            self._restart("silent", "the watch ended at once", keeps_version=True)
        else:
            # Not even a bookmark: after a restore of etcd, the version may be newer than the data.
            self._version = ""

    def _interrupted(self, error: BaseException) -> None:
        failure = failure_of(error)
        if failure.is_expired:
            self._version = ""
            WATCH_RESTARTS.labels(self._kind_name, "expired").inc()
            _log.info("watch_expired", watch=self._kind_name, reason=failure.message)
            self._wait(0.0)
            return
        why = (
            "refused"
            if failure.status
            else ("broken" if isinstance(error, ValueError) else "unreachable")
        )
        told = explain(error, f"a watch of {self._kind_name}")
        self._restart(
            why,
            told.message,
            hint=told.hint,
            keeps_version=True,
            asked=min(failure.retry_after, _MAX_RETRY_AFTER_SECONDS),
        )

    def _restart(
        self,
        why: str,
        message: str,
        *,
        hint: str = "",
        keeps_version: bool = False,
        asked: float = 0.0,
    ) -> None:
        WATCH_RESTARTS.labels(self._kind_name, why).inc()
        _log.info("watch_interrupted", watch=self._kind_name, why=why, reason=message)
        self._checks.failed(self.name, message, hint)
        if not keeps_version:
            self._version = ""
        self._wait(asked)

    def _wait(self, asked: float) -> None:
        pause = max(asked, self._pause * self._random.uniform(0.5, 1.0))
        self._pause = min(self._pause * 2, _MAX_PAUSE_SECONDS)
        self._beat()
        self._stop_asked.wait(pause)

    def _beat(self) -> None:
        self._checks.beat(self.name, within_seconds=STUCK_SECONDS)
