"""Reports this node to a server: versions and kept DELs, once a minute and after a change (POST /cni/report).

A server before this route answers 404, which is no error. A report never fails a call, and is not kept.
"""

import json
import time
from datetime import UTC, datetime
from random import SystemRandom

from rowhouse_cni import __version__
from rowhouse_cni.answer import NoAnswerError
from rowhouse_cni.errors import CniError
from rowhouse_cni.settings import spools_of
from rowhouse_cni.spool import bytes_in
from rowhouse_cni.spool_entry import names_in
from rowhouse_node.agent.carrying import Carrier
from rowhouse_node.host_plugin import HostPlugin

PERIOD_SECONDS = 60.0
CHANGE_SECONDS = 5.0  # the shortest time between two reports
REPORT_SECONDS = 5.0  # for one
RANDOM = SystemRandom()


class Reporter:
    """The reports of one agent."""

    def __init__(self, carrier: Carrier, plugin: HostPlugin) -> None:
        self._carrier = carrier
        self._plugin = plugin
        self._started_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._sent: dict[str, object] = {}
        self._tried = float("-inf")
        self._due = float("-inf")
        self.status = 0  # HTTP, of the last answer; 0: none

    def step(self) -> None:
        """Send a report if it is time. Never raises for a server that is away."""
        now = time.monotonic()
        if now < self._tried + CHANGE_SECONDS:
            return
        try:
            report = self._report()
        except (OSError, CniError):
            return  # there are no settings yet
        if now < self._due and report == self._sent:
            return
        self._tried = now
        try:
            body = json.dumps(report).encode()
            self.status = self._carrier.post("/report", body, now + REPORT_SECONDS).status
        except (NoAnswerError, CniError):
            self.status = 0
            return
        self._sent = report
        # A thousand agents must not report at the same time.
        self._due = now + PERIOD_SECONDS * RANDOM.uniform(0.8, 1.0)

    def _report(self) -> dict[str, object]:
        spools = spools_of(self._carrier.settings)
        return {
            "plugin_version": self._plugin.version(),
            "agent_version": __version__,
            "kept_dels": sum(len(names_in(spool)) for spool in spools),
            "kept_bytes": sum(bytes_in(spool) for spool in spools),
            "started_at": self._started_at,
        }
