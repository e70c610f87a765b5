"""Logs: one JSON object per line, with the id of the request."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import secrets
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from structlog.typing import EventDict, Processor

_JSON: Final = json.JSONEncoder(default=str)
# Stack traces without local variables, which may contain tokens and passwords.
_TRACEBACKS: Final = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
# The accepted form of a caller's X-Request-ID. Others are replaced, because the id is in every line.
_SANE_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:+/=-]{1,64}", re.ASCII)

# Libraries that log every step: alembic each check of the revision, and so each readiness probe; the HTTP client and
# server each request and, at DEBUG, its headers. That is too much even for our DEBUG.
_CHATTY: Final = ("alembic", "httpx2", "httpcore2", "werkzeug")


def configure_logging(*, level: str = "INFO") -> None:
    """Send our logs and those of every library to standard error: JSON, or text on a terminal.

    Our own lines do not pass through the standard library's logging: one is written for each request,
    and its records and formatters cost five times as much.

    Args:
        level: a name of the logging module: DEBUG, INFO, WARNING, ERROR.
    """
    shared: Sequence[Processor] = (
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    )
    rendering: Sequence[Processor] = (
        (structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),)
        if sys.stderr.isatty()
        else (_TRACEBACKS, _json_line)
    )
    structlog.configure(
        processors=[*shared, *rendering],
        logger_factory=_StandardError,
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # Not cached on first use: a later call, of a command in the same process, must change the level.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=(*shared, structlog.stdlib.PositionalArgumentsFormatter()),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    pool = logging.getLogger("psycopg.pool")
    pool.filters = [_Seldom()]
    for library in _CHATTY:
        logging.getLogger(library).setLevel(max(logging.root.level, logging.WARNING))


class _Seldom(logging.Filter):
    """Limits the rate of a message: the connection pool logs each of its many attempts to connect."""

    _SECONDS: Final = 10.0

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now < self._next.get(record.msg, now):
            return False
        self._next[record.msg] = now + self._SECONDS
        return True


def _json_line(_logger: object, _method: str, event: EventDict) -> str:
    return _JSON.encode(event)


class _StandardError:
    """Writes formatted lines; each contains `name`.

    A line that cannot be written is dropped, because the request must not fail if the reader of the log has exited or
    its disk is full.
    """

    _one_at_a_time: Final = threading.Lock()

    def __init__(self, name: str = "rowhouse") -> None:
        self.name = name

    def info(self, line: str) -> None:
        with self._one_at_a_time, contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    debug = warning = error = critical = exception = info


def begin_request(candidate: str | None) -> str:
    """Give the request its id, which is in each of its log lines, and return it.

    Args:
        candidate: the caller's X-Request-ID; used if it has an accepted form.
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
    """Return the id of the current request; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def end_request() -> None:
    """Forget the request: the thread serves another one next."""
    structlog.contextvars.clear_contextvars()
