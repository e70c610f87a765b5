"""Counters, and their text for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import prometheus_client

from rowhouse.metrics import CNI_DURATION, CNI_REPLAYS, CNI_REQUESTS

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

_CNI_COMMANDS: Final = frozenset({"ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION"})

METRICS_CONTENT_TYPE: Final = prometheus_client.CONTENT_TYPE_LATEST


def count_cni_call(*, command: str, code: int, seconds: float, replayed: bool = False) -> None:
    """Count one CNI call.

    Args:
        command: CNI_COMMAND as received; an unknown one counts as "other".
        code: CNI error code, 0 for success.
        seconds: from arrival to answer.
        replayed: the plugin had kept the call on its node.
    """
    command = command if command in _CNI_COMMANDS else "other"
    CNI_REQUESTS.labels(command, str(code)).inc()
    CNI_DURATION.labels(command).observe(seconds)
    if replayed:
        CNI_REPLAYS.labels(str(code)).inc()


def metrics(*collectors: Collector) -> bytes:
    """Return all counters, and the current values of `collectors`, as METRICS_CONTENT_TYPE."""
    found = prometheus_client.CollectorRegistry()
    for collector in collectors:
        found.register(collector)
    return prometheus_client.generate_latest() + prometheus_client.generate_latest(found)
