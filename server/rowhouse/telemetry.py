"""Logs and metrics: one JSON object a line, joined by request; Prometheus counters."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from typing import TYPE_CHECKING, Final

import prometheus_client
import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import Processor

# What a caller's X-Request-ID may look like; anything else is replaced, as it goes into every line.
_SANE_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:+/=-]{1,64}", re.ASCII)

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

METRICS_CONTENT_TYPE: Final = prometheus_client.CONTENT_TYPE_LATEST


def configure_logging(*, level: str = "INFO") -> None:
    """Send our logs and those of every library to standard error: JSON, or text on a terminal.

    Args:
        level: a name of the logging module: DEBUG, INFO, WARNING, ERROR.
    """
    shared: Sequence[Processor] = (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    )
    rendering: Sequence[Processor] = (
        (structlog.dev.ConsoleRenderer(),)
        if sys.stderr.isatty()
        else (
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(default=str),
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)


def begin_request(candidate: str | None) -> str:
    """Give the request its id, which stands in each of its log lines, and return it.

    Args:
        candidate: the caller's X-Request-ID; kept when it is sane.
    """
    sane = candidate is not None and _SANE_REQUEST_ID.fullmatch(candidate) is not None
    request_id = candidate if sane and candidate else secrets.token_hex(8)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def bind(**fields: str | int) -> None:
    """Add `fields`, such as the pod and the command, to the request's further log lines."""
    structlog.contextvars.bind_contextvars(**fields)


def request_id() -> str:
    """The id of the request being served; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def end_request() -> None:
    """Forget the request: the thread serves another one next."""
    structlog.contextvars.clear_contextvars()


def count_cni_call(*, command: str, code: int, seconds: float) -> None:
    """Count one CNI call.

    Args:
        command: CNI_COMMAND as it came; one that CNI does not know counts as "other".
        code: CNI error code, 0 for success.
        seconds: from arrival to answer.
    """
    command = command if command in _CNI_COMMANDS else "other"
    _CNI_REQUESTS.labels(command, str(code)).inc()
    _CNI_DURATION.labels(command).observe(seconds)


def metrics() -> bytes:
    """Everything counted so far, in the Prometheus text format (METRICS_CONTENT_TYPE)."""
    return prometheus_client.generate_latest()
