"""Check the controller's access to the cluster, on every replica, including those that do not lead."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Final

from lightkube.resources.core_v1 import Node, Pod

from rowhouse.k8s.failures import ERRORS, explain
from rowhouse.k8s.permissions import missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightkube import Client

    from rowhouse.domain.checks import Checks
    from rowhouse.k8s.permissions import Permission

CHECK: Final = "access"
_INTERVAL_SECONDS: Final = 60.0
_FIRST_PAUSE_SECONDS: Final = 1.0
_STUCK_SECONDS: Final = 600.0
_REMEDY: Final = (
    "Bind the account to the chart's ClusterRole (`rbac.create`), or give it these permissions."
)


class AccessCheck(threading.Thread):
    """Checks the account's permissions every minute until it is stopped, and lists a pod and a node.

    Args:
        client: a client of the cluster.
        needed: the permissions.
        stop: ends the loop.
        checks: receives the results.
    """

    def __init__(
        self, client: Client, needed: Sequence[Permission], stop: threading.Event, checks: Checks
    ) -> None:
        super().__init__(name=CHECK, daemon=True)
        self._client = client
        self._needed = needed
        self._stop_asked = stop
        self._checks = checks
        self._random = random.Random()  # noqa: S311 - the backoff needs no secure randomness
        checks.expect(CHECK)

    def run(self) -> None:
        """Check repeatedly; after a failure sooner, with growing intervals."""
        pause = _FIRST_PAUSE_SECONDS
        while not self._stop_asked.is_set():
            self._checks.beat(CHECK, within_seconds=_STUCK_SECONDS)
            is_good = self.look()
            pause = _FIRST_PAUSE_SECONDS if is_good else min(2 * pause, _INTERVAL_SECONDS)
            seconds = _INTERVAL_SECONDS if is_good else pause
            self._stop_asked.wait(seconds * self._random.uniform(0.8, 1.2))
        self._checks.forget(CHECK)

    def look(self) -> bool:
        """Check once; return whether everything passed."""
        try:
            lacking = missing(self._client, self._needed)
            if lacking:
                names = ", ".join(map(str, lacking))
                self._checks.failed(CHECK, f"the account may not {names}", _REMEDY)
                return False
            next(iter(self._client.list(Pod, namespace="*", chunk_size=1)), None)
            next(iter(self._client.list(Node, chunk_size=1)), None)
        except ERRORS as error:
            told = explain(error, "a list of pods and nodes")
            self._checks.failed(CHECK, told.message, told.hint)
            return False
        self._checks.passed(CHECK)
        return True
