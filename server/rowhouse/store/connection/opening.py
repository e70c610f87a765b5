"""Open connections to the database."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.rows import TupleRow

from rowhouse.domain.errors import RowhouseError
from rowhouse.store.connection.data_source import resolve
from rowhouse.store.connection.errors import domain_error
from rowhouse.store.connection.session_settings import pin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.store.connection.data_source import Source

# Keepalives detect a dead server after 10 s of silence and two probes, 20 s in total, or 15 s for unconfirmed data.
# A promoted standby is found because it accepts writes.
_NETWORK: dict[str, Any] = {
    "application_name": "rowhouse",
    "client_encoding": "UTF8",
    "connect_timeout": 5,
    "target_session_attrs": "read-write",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}


def connect(source: Source, *, prepare: bool = True) -> psycopg.Connection[TupleRow]:
    """Open a separate connection to the server that accepts writes; `prepare` as for `Database`.

    Errors: TryAgain if there is none; NotReady if the login is refused or a file of `source` is unusable.
    """
    try:
        connection = psycopg.connect(
            resolve(source), **_NETWORK, autocommit=True, prepare_threshold=5 if prepare else None
        )
        with _closed_on_error(connection):
            pin(connection)
            connection.autocommit = False
    except psycopg.Error as error:
        raise domain_error(error) from error
    return connection


@contextlib.contextmanager
def _closed_on_error(connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


@dataclass(slots=True)
class LastAttempt:
    """The error of the pool's last attempt to connect; None: it succeeded, or there was none."""

    failure: RowhouseError | None = None


class PooledConnection(psycopg.Connection[TupleRow]):
    """A connection of a pool, which gives `source` and `last_attempt` as arguments for each."""

    pins_transactions = False
    """Whether each statement needs a transaction that pins the settings: see `session_settings`."""

    @classmethod
    def connect(  # type: ignore[override]
        cls, _conninfo: str = "", *, source: Source, last_attempt: LastAttempt, **options: Any
    ) -> Self:
        """Resolve the source again and connect. Raises as psycopg does, and NotReady."""
        try:
            made = super().connect(resolve(source), autocommit=True, **(_NETWORK | options))
            with _closed_on_error(made):
                made.pins_transactions = pin(made)
        except psycopg.Error as error:
            last_attempt.failure = domain_error(error)
            raise
        except RowhouseError as error:
            last_attempt.failure = error
            raise
        last_attempt.failure = None
        return made
