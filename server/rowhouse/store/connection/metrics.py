"""The metrics of the database's calls."""

from __future__ import annotations

import functools
import re
from typing import Final

import prometheus_client

_SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

CALL_DURATION: Final = prometheus_client.Histogram(
    "rowhouse_database_call_duration_seconds",
    "Time of a call of the database, the wait for a connection not included, by stored function",
    ("function",),
    buckets=_SECONDS,
)
LOCK_TIMEOUTS: Final = prometheus_client.Counter(
    "rowhouse_database_lock_timeouts_total",
    "Calls that gave up waiting for a lock, by stored function",
    ("function",),
)
RETRIES: Final = prometheus_client.Counter(
    "rowhouse_database_retries_total",
    "Calls repeated because the connection was lost or two transactions met",
)

_FUNCTION: Final = re.compile(r"\browhouse\.(\w+)_v\d+\(")


@functools.lru_cache(maxsize=256)
def function_of(query: str) -> str:
    """The stored function that a statement calls, without its version; "other" if it calls none."""
    found = _FUNCTION.search(query)
    return found[1] if found else "other"
