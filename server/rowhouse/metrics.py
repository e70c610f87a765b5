"""All metrics of the server and the controller: their names, help texts and labels.

Labels have few values: never an address, a pod or a container id. The node daemon shares no code with the server, so
its metrics are in `rowhouse_node.health`. docs/reference/metrics.md explains all metrics.

`_end` of app.py counts CNI calls, by `count_cni_call` of telemetry/counters.py.
"""

from __future__ import annotations

import platform
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from rowhouse.domain.version import VERSION

CONTROLLER: Final = CollectorRegistry()
"""The metrics that only the controller serves: on a server, rowhouse_controller_leader would always be 0."""


class Sampled(NamedTuple):
    """A metric whose value is computed on each scrape."""

    name: str
    text: str
    labels: tuple[str, ...] = ()

    def gauge(self, value: float | None = None) -> GaugeMetricFamily:
        """Return a gauge; `value` is for one without labels."""
        return GaugeMetricFamily(self.name, self.text, value=value, labels=self.labels or None)

    def counter(self, value: float) -> CounterMetricFamily:
        """Return a counter without labels."""
        return CounterMetricFamily(self.name, self.text, value=value)


# Both.
BUILD: Final = Info("rowhouse_build", "The running version")
BUILD.info(
    {
        "version": VERSION,
        "python": platform.python_version(),
    }
)

PAGES: Final = Gauge(
    "rowhouse_pages_info",
    "Always 1; url: where browsers find the pages (ROWHOUSE_PUBLIC_URL)",
    ("url",),
)

# The database.
CALL_DURATION: Final = Histogram(
    "rowhouse_database_call_duration_seconds",
    "Duration of a database call by stored function, without the wait for a connection",
    ("function",),
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
LOCK_TIMEOUTS: Final = Counter(
    "rowhouse_database_lock_timeouts_total",
    "Calls that gave up waiting for a lock, by stored function",
    ("function",),
)
RETRIES: Final = Counter(
    "rowhouse_database_retries_total",
    "Calls repeated after a lost connection or a conflict of two transactions",
)
DATABASE_UP: Final = Sampled(
    "rowhouse_database_up", "1 if the last query for the fill of pools succeeded"
)
CONNECTIONS: Final = Sampled("rowhouse_database_connections", "Connections by state", ("state",))
CONNECTIONS_MAX: Final = Sampled(
    "rowhouse_database_connections_max", "Maximum number of connections"
)
CONNECTION_WAITERS: Final = Sampled(
    "rowhouse_database_connection_waiters", "Calls that are waiting for a connection"
)
CONNECTION_WAITS: Final = Sampled(
    "rowhouse_database_connection_waits_total", "Calls that had to wait for a connection"
)
CONNECTION_WAIT_SECONDS: Final = Sampled(
    "rowhouse_database_connection_wait_seconds_total",
    "Total time that calls waited for a connection",
)
CONNECTION_TIMEOUTS: Final = Sampled(
    "rowhouse_database_connection_timeouts_total", "Calls that timed out waiting for a connection"
)

# Pools.
POOL_QUERY_DURATION: Final = Sampled(
    "rowhouse_pool_query_duration_seconds", "Duration of the query for the fill of pools"
)
POOL_QUERY_FAILURES: Final = Sampled(
    "rowhouse_pool_query_failures_total",
    "Queries for the fill of pools that failed or timed out",
)
POOL_ADDRESSES: Final = Sampled(
    "rowhouse_pool_addresses",
    "Addresses of a pool by state; total is what it can assign",
    ("network", "pool", "state"),
)
STALE_RESERVATIONS: Final = Sampled(
    "rowhouse_stale_reservations",
    "Reservations of pods that no sandbox uses and that are not sticky, or that have expired",
    ("network",),
)

# Nodes, as they report.
NODES: Final = Sampled(
    "rowhouse_nodes",
    "Nodes that reported within a day, by versions; all but the most common count as other",
    ("cluster", "plugin", "agent"),
)
NODES_LATE: Final = Sampled(
    "rowhouse_nodes_late",
    "Nodes that reported within a day, but not within five minutes",
    ("cluster",),
)
NODES_KEPT_DELS: Final = Sampled(
    "rowhouse_nodes_kept_dels", "DELs that nodes keep until a server takes them", ("cluster",)
)

# The server's calls.
CNI_REQUESTS: Final = Counter(
    "rowhouse_cni_requests_total",
    "CNI calls by command and CNI error code, 0 for success",
    ("command", "code"),
)
CNI_DURATION: Final = Histogram(
    "rowhouse_cni_request_duration_seconds",
    "Time from the arrival of a CNI call to its response",
    ("command",),
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
)
OWNER_LOOKUPS: Final = Counter(
    "rowhouse_owner_lookups_total",
    "Pods and IPAMClaims that ADDs needed to find the owner of an address, and where they were found",
    ("kind", "source"),
)
CNI_REPLAYS: Final = Counter(
    "rowhouse_cni_replays_total",
    "DELs that nodes kept while no server answered, by CNI error code, 0 for success",
    ("code",),
)
TURNED_AWAY: Final = Counter(
    "rowhouse_requests_turned_away_total",
    "Requests rejected because too many were already waiting for a thread",
)
FAULTS: Final = Counter(
    "rowhouse_faults_before_authentication_total",
    "Requests that got 503 because of a fault of the server before their caller was known",
)
UNREAD: Final = Counter(
    "rowhouse_responses_unread_total",
    "Responses given up because the client did not read them in time",
)
VERIFICATION_READY: Final = Sampled(
    "rowhouse_token_verification_ready",
    "1 while tokens of the cluster can be verified",
    ("cluster",),
)
VERIFICATION_UP: Final = Sampled(
    "rowhouse_token_verification_up",
    "1 if the last attempt to read the cluster's keys, or to query its API server, succeeded",
    ("cluster",),
)

# The controller.
LEADER: Final = Gauge(
    "rowhouse_controller_leader",
    "1 while this replica of the controller is the leader",
    registry=CONTROLLER,
)
CONTROLLER_READY: Final = Sampled("rowhouse_controller_ready", "1 while the controller is ready")
CHECK_UP: Final = Sampled(
    "rowhouse_controller_check_up", "1 if the last attempt succeeded", ("check",)
)
WATCH_RESTARTS: Final = Counter(
    "rowhouse_controller_watch_restarts_total",
    "Watches that ended early, by reason: expired, refused, unreachable, broken, silent, error",
    ("watch", "reason"),
    registry=CONTROLLER,
)
EVENTS: Final = Counter(
    "rowhouse_controller_events_total",
    "Events by outcome: written, failed, or skipped because there were too many",
    ("result",),
    registry=CONTROLLER,
)
PASSES: Final = Counter(
    "rowhouse_reconcile_passes_total",
    "Full passes over all sandboxes, by outcome",
    ("outcome",),
    registry=CONTROLLER,
)
LAST_PASS: Final = Gauge(
    "rowhouse_reconcile_last_pass_timestamp_seconds",
    "Time of the last successful full pass over all sandboxes",
    registry=CONTROLLER,
)
SUSPECTS: Final = Gauge(
    "rowhouse_reconcile_suspects",
    "Sandboxes that seem unused and await their second check",
    registry=CONTROLLER,
)
RECLAIMED: Final = Counter(
    "rowhouse_reconcile_reclaimed_addresses_total",
    "Addresses released because no running pod held them",
    registry=CONTROLLER,
)

# The mirror.
MIRROR_LAG: Final = Gauge(
    "rowhouse_mirror_lag_seconds",
    "Age of the oldest change that is not yet in the cluster",
    registry=CONTROLLER,
)
MIRROR_WAITING: Final = Gauge(
    "rowhouse_mirror_waiting_writes",
    "Pending writes",
    registry=CONTROLLER,
)
MIRROR_OBJECTS: Final = Gauge(
    "rowhouse_mirror_objects",
    "Objects of whereabouts' kinds in the mirror's namespace",
    ("kind",),
    registry=CONTROLLER,
)
MIRROR_PROBLEMS: Final = Gauge(
    "rowhouse_mirror_problems",
    "Objects that differ from the database, by reason",
    ("reason",),
    registry=CONTROLLER,
)
MIRROR_WRITES: Final = Counter(
    "rowhouse_mirror_writes_total",
    "Writes to the API server",
    ("kind", "verb", "result"),
    registry=CONTROLLER,
)
MIRROR_FAILURES: Final = Counter(
    "rowhouse_mirror_failures_total",
    "Failed sync rounds",
    ("what",),
    registry=CONTROLLER,
)
MIRROR_FOREIGN_EDITS: Final = Counter(
    "rowhouse_mirror_foreign_edits_total",
    "Foreign edits and deletions that were reverted",
    ("kind",),
    registry=CONTROLLER,
)
MIRROR_LAST_RESYNC: Final = Gauge(
    "rowhouse_mirror_last_resync_timestamp_seconds",
    "Time of the last successful full resync",
    registry=CONTROLLER,
)
