"""Watches a running PostgreSQL, and starts it again when it dies."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog

from rowhouse.embedded.errors import EmbeddedPostgresLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.embedded.server import EmbeddedPostgres

MAX_DEATHS: Final = 5
PERIOD_SECONDS: Final = 60.0
_STUCK_SECONDS: Final = 60.0

_log = structlog.get_logger(__name__)


class Watch:
    """Calling it checks `postgres`, without waiting. Call it about once a second, and when a child process ends.

    The first restart is immediate; each further one within a minute waits one second longer.

    Raises:
        EmbeddedPostgresLostError: it died MAX_DEATHS times within a minute, or its data is gone.
    """

    def __init__(
        self, postgres: EmbeddedPostgres, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._postgres = postgres
        self._clock = clock
        self._deaths: deque[float] = deque()
        self._restart_at: float | None = None

    def __call__(self) -> None:
        """Check it, and start it again if necessary."""
        self._postgres.require_data()
        if self._restart_at is None:
            if (how := self._postgres.ended()) is None:
                return
            self._restart_at = self._clock() + self._note_death(how)
        if (late := self._clock() - self._restart_at) < 0:
            return
        if self._postgres.start_again():
            self._restart_at = None
        elif late > _STUCK_SECONDS:
            raise EmbeddedPostgresLostError(
                f"the embedded PostgreSQL in {self._postgres.directory} cannot be started again:"
                " its old processes do not end, or no new one can be made",
                hint="Check the disk and the memory of the machine.",
            )

    def _note_death(self, how: str) -> float:
        """Log a death, and return the seconds until the restart."""
        now = self._clock()
        self._deaths.append(now)
        while self._deaths[0] <= now - PERIOD_SECONDS:
            self._deaths.popleft()
        deaths = len(self._deaths)
        if deaths >= MAX_DEATHS:
            raise EmbeddedPostgresLostError(
                f"the embedded PostgreSQL in {self._postgres.directory} ended {deaths} times within"
                f" {PERIOD_SECONDS:g} s, the last time with {how}: {self._postgres.last_words()}",
                hint=f"Read the logs in {self._postgres.directory / 'log'}. A full disk and too little memory"
                " are frequent causes.",
            )
        delay = deaths - 1
        _log.error(
            "embedded_postgres_restarts", ended=how, deaths_within_a_minute=deaths, in_seconds=delay
        )
        return delay
