"""The server's logs and metrics."""

from __future__ import annotations

from rowhouse.telemetry.counters import METRICS_CONTENT_TYPE, count_cni_call, metrics
from rowhouse.telemetry.database import DatabaseMetrics
from rowhouse.telemetry.logs import (
    begin_request,
    bind,
    configure_logging,
    end_request,
    request_id,
)
from rowhouse.telemetry.verification import VerificationMetrics

__all__ = [
    "METRICS_CONTENT_TYPE",
    "DatabaseMetrics",
    "VerificationMetrics",
    "begin_request",
    "bind",
    "configure_logging",
    "count_cni_call",
    "end_request",
    "metrics",
    "request_id",
]
