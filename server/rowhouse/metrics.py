"""All metrics of the server and the controller: their names, help texts and labels.

Labels have few values: never an address, a pod or a container id. The node daemon shares no code with the server and
has its own in `rowhouse_node.health`. docs/reference/metrics.md explains them.
"""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

CONTROLLER: Final = CollectorRegistry()
"""What only the controller serves; without it a server would say that it does not lead."""


class Sampled(NamedTuple):
    """A metric whose value is found out when Prometheus asks."""

    name: str
    text: str
    labels: tuple[str, ...] = ()

    def gauge(self, value: float | None = None) -> GaugeMetricFamily:
        """A gauge of this name; `value` where it has no labels."""
        return GaugeMetricFamily(self.name, self.text, value=value, labels=self.labels or None)

    def counter(self, value: float) -> CounterMetricFamily:
        """A counter of this name, without labels."""
        return CounterMetricFamily(self.name, self.text, value=value)


# Both.
BUILD: Final = Info("rowhouse_build", "What is running")
BUILD.info(
    {
        "version": importlib.metadata.version("rowhouse-ipam"),
        "python": platform.python_version(),
    }
)

# The database.
CALL_DURATION: Final = Histogram(
    "rowhouse_database_call_duration_seconds",
    "Time of a call of the database, the wait for a connection not included, by stored function",
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
    "Calls repeated because the connection was lost or two transactions met",
)
DATABASE_UP: Final = Sampled(
    "rowhouse_database_up", "1 if the database took the last query for the pools' fill"
)
CONNECTIONS: Final = Sampled("rowhouse_database_connections", "Connections by state", ("state",))
CONNECTIONS_MAX: Final = Sampled(
    "rowhouse_database_connections_max", "Connections that may be open"
)
CONNECTION_WAITERS: Final = Sampled(
    "rowhouse_database_connection_waiters", "Calls that wait for one now"
)
CONNECTION_WAITS: Final = Sampled(
    "rowhouse_database_connection_waits_total", "Calls that had to wait"
)
CONNECTION_WAIT_SECONDS: Final = Sampled(
    "rowhouse_database_connection_wait_seconds_total", "Their waits"
)
CONNECTION_TIMEOUTS: Final = Sampled("rowhouse_database_connection_timeouts_total", "Those in vain")

# Pools.
POOL_QUERY_DURATION: Final = Sampled(
    "rowhouse_pool_query_duration_seconds", "How long the query for the pools' fill took"
)
POOL_QUERY_FAILURES: Final = Sampled(
    "rowhouse_pool_query_failures_total",
    "Queries for the pools' fill that failed or took too long",
)
POOL_ADDRESSES: Final = Sampled(
    "rowhouse_pool_addresses",
    "Addresses of a pool by state; total is what it can assign",
    ("network", "pool", "state"),
)
STALE_RESERVATIONS: Final = Sampled(
    "rowhouse_stale_reservations",
    "Reservations of pods that no sandbox uses, though they are not sticky, or past their time",
    ("network",),
)

# The server's calls.
CNI_REQUESTS: Final = Counter(
    "rowhouse_cni_requests_total",
    "CNI calls by command and CNI error code, 0 for success",
    ("command", "code"),
)
CNI_DURATION: Final = Histogram(
    "rowhouse_cni_request_duration_seconds",
    "Time from a CNI call's arrival to its answer",
    ("command",),
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
)
CNI_REPLAYS: Final = Counter(
    "rowhouse_cni_replays_total",
    "DELs that nodes had kept while no server answered, by CNI error code, 0 for success",
    ("code",),
)
TURNED_AWAY: Final = Counter(
    "rowhouse_requests_turned_away_total",
    "Requests that were told to come again because too many waited for a thread already",
)
VERIFICATION_READY: Final = Sampled(
    "rowhouse_token_verification_ready",
    "1 while tokens of the cluster can be verified",
    ("cluster",),
)
VERIFICATION_UP: Final = Sampled(
    "rowhouse_token_verification_up",
    "1 if the cluster's keys could be read, or its API server asked, at the last look",
    ("cluster",),
)

# The controller.
LEADER: Final = Gauge(
    "rowhouse_controller_leader",
    "1 while this replica of the controller is the leader",
    registry=CONTROLLER,
)
CONTROLLER_READY: Final = Sampled(
    "rowhouse_controller_ready", "1 while the controller can do its work"
)
CHECK_UP: Final = Sampled("rowhouse_controller_check_up", "1 if the last try was good", ("check",))
WATCH_RESTARTS: Final = Counter(
    "rowhouse_controller_watch_restarts_total",
    "Watches that did not end with their time, by why: expired, refused, unreachable, broken, silent, error",
    ("watch", "reason"),
    registry=CONTROLLER,
)
EVENTS: Final = Counter(
    "rowhouse_controller_events_total",
    "Events, by what became of them: written, failed, or skipped since there were too many",
    ("result",),
    registry=CONTROLLER,
)
PASSES: Final = Counter(
    "rowhouse_reconcile_passes_total",
    "Looks at all sandboxes, by outcome",
    ("outcome",),
    registry=CONTROLLER,
)
LAST_PASS: Final = Gauge(
    "rowhouse_reconcile_last_pass_timestamp_seconds",
    "When a look at all sandboxes last succeeded",
    registry=CONTROLLER,
)
SUSPECTS: Final = Gauge(
    "rowhouse_reconcile_suspects",
    "Sandboxes that nobody seems to use, before their second look",
    registry=CONTROLLER,
)
RECLAIMED: Final = Counter(
    "rowhouse_reconcile_reclaimed_addresses_total",
    "Addresses released since no living pod held them",
    registry=CONTROLLER,
)

# The mirror.
MIRROR_LAG: Final = Gauge(
    "rowhouse_mirror_lag_seconds",
    "Age of the oldest change that is not in the cluster yet",
    registry=CONTROLLER,
)
MIRROR_WAITING: Final = Gauge(
    "rowhouse_mirror_waiting_writes",
    "Writes that are known to be needed and not made yet",
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
    "Objects that do not say what the database says, by why",
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
    "Rounds that came to nothing",
    ("what",),
    registry=CONTROLLER,
)
MIRROR_FOREIGN_EDITS: Final = Counter(
    "rowhouse_mirror_foreign_edits_total",
    "Edits and deletions of others that were put back",
    ("kind",),
    registry=CONTROLLER,
)
MIRROR_LAST_RESYNC: Final = Gauge(
    "rowhouse_mirror_last_resync_timestamp_seconds",
    "When a look at everything last succeeded",
    registry=CONTROLLER,
)
