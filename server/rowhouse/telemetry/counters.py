"""What is counted as it happens, and the text that Prometheus reads."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import TYPE_CHECKING, Final

import prometheus_client

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

_CNI_COMMANDS: Final = frozenset({"ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION"})
_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

# Labels have few values: never an address, a pod or a container id.
_CNI_REQUESTS: Final = prometheus_client.Counter(
    "rowhouse_cni_requests_total",
    "CNI calls by command and CNI error code, 0 for success",
    ("command", "code"),
)
_CNI_DURATION: Final = prometheus_client.Histogram(
    "rowhouse_cni_request_duration_seconds",
    "Time from a CNI call's arrival to its answer",
    ("command",),
    buckets=_SECONDS,
)
_CNI_REPLAYS: Final = prometheus_client.Counter(
    "rowhouse_cni_replays_total",
    "DELs that nodes had kept while no server answered, by CNI error code, 0 for success",
    ("code",),
)
TURNED_AWAY: Final = prometheus_client.Counter(
    "rowhouse_requests_turned_away_total",
    "Requests that were told to come again because too many waited for a thread already",
)
_BUILD: Final = prometheus_client.Info("rowhouse_build", "What is running")
_BUILD.info(
    {
        "version": importlib.metadata.version("rowhouse-ipam"),
        "python": platform.python_version(),
    }
)

METRICS_CONTENT_TYPE: Final = prometheus_client.CONTENT_TYPE_LATEST


def count_cni_call(*, command: str, code: int, seconds: float, replayed: bool = False) -> None:
    """Count one CNI call.

    Args:
        command: CNI_COMMAND as it came; one that CNI does not know counts as "other".
        code: CNI error code, 0 for success.
        seconds: from arrival to answer.
        replayed: the plugin had kept the call on its node until now.
    """
    command = command if command in _CNI_COMMANDS else "other"
    _CNI_REQUESTS.labels(command, str(code)).inc()
    _CNI_DURATION.labels(command).observe(seconds)
    if replayed:
        _CNI_REPLAYS.labels(str(code)).inc()


def metrics(*collectors: Collector) -> bytes:
    """Everything counted so far, and what `collectors` find out now, as METRICS_CONTENT_TYPE."""
    found = prometheus_client.CollectorRegistry()
    for collector in collectors:
        found.register(collector)
    return prometheus_client.generate_latest() + prometheus_client.generate_latest(found)
