"""What Prometheus is told of the mirror."""

from __future__ import annotations

from typing import Final

import prometheus_client

REASONS: Final = ("size", "key", "name", "unknown", "foreign", "refused", "absent")
"""Why something of the database is not in the cluster, or the other way round."""

LAG: Final = prometheus_client.Gauge(
    "rowhouse_mirror_lag_seconds", "Age of the oldest change that is not in the cluster yet"
)
WAITING: Final = prometheus_client.Gauge(
    "rowhouse_mirror_waiting_writes", "Writes that are known to be needed and not made yet"
)
OBJECTS: Final = prometheus_client.Gauge(
    "rowhouse_mirror_objects", "Objects of whereabouts' kinds in the mirror's namespace", ("kind",)
)
PROBLEMS: Final = prometheus_client.Gauge(
    "rowhouse_mirror_problems",
    "Objects that do not say what the database says, by why",
    ("reason",),
)
WRITES: Final = prometheus_client.Counter(
    "rowhouse_mirror_writes_total", "Writes to the API server", ("kind", "verb", "result")
)
FAILURES: Final = prometheus_client.Counter(
    "rowhouse_mirror_failures_total", "Rounds that came to nothing", ("what",)
)
EDITS: Final = prometheus_client.Counter(
    "rowhouse_mirror_foreign_edits_total",
    "Edits and deletions of others that were put back",
    ("kind",),
)
LAST_RESYNC: Final = prometheus_client.Gauge(
    "rowhouse_mirror_last_resync_timestamp_seconds", "When a look at everything last succeeded"
)
