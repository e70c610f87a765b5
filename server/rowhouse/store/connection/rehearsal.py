"""Dry runs: everything that a request does runs in one transaction, which is then rolled back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, LiteralString, TypeVar, cast

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from rowhouse.domain.errors import TryAgain
from rowhouse.store.connection.database import Database
from rowhouse.store.connection.errors import domain_error
from rowhouse.store.connection.session_settings import PIN_TRANSACTION
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg.rows import TupleRow
    from sqlalchemy import Connection

    from rowhouse.store.connection.database import Parameters
    from rowhouse.store.connection.opening import PooledConnection

Answer = TypeVar("Answer")

_LIMITS: Final = statement(__name__, "rehearsal_limits")


class Rehearsal(Database):
    """A database on which all calls and reads share one transaction."""

    def __init__(self, database: Database, connection: Connection) -> None:
        """Use the open transaction of `connection`."""
        super().__init__(database.source)
        self._connection = connection

    def run(
        self,
        work: Callable[[PooledConnection], Answer],
        *,
        function: str = "other",  # noqa: ARG002 - dry runs are not in the metrics of calls
        idempotent: bool = True,  # noqa: ARG002 - nothing is repeated
    ) -> Answer:
        """Run `work` in a savepoint, so that the transaction survives a refusal."""
        connection = _driver(self._connection)
        try:
            with connection.transaction():
                return work(connection)
        except psycopg.Error as error:
            raise domain_error(error) from error

    @contextlib.contextmanager
    def reading(self, begin: Callable[[Connection], None]) -> Iterator[Connection]:  # noqa: ARG002 - it has begun
        """Lend the connection for a read."""
        yield self._connection

    def _execute(
        self, connection: PooledConnection, query: LiteralString | Any, parameters: Parameters
    ) -> psycopg.Cursor[TupleRow]:
        return connection.execute(query, parameters)


@contextlib.contextmanager
def rehearse(database: Database) -> Iterator[Database]:
    """Lend a database on which everything works and nothing lasts: neither rows nor audit entries.

    Only sequences advance, so a later row may have a higher id. Locks last until the end, at most two seconds after
    the last statement.

    Errors: TryAgain if there is no connection.
    """
    try:
        with database.engine.connect() as connection:
            raw = _driver(connection)
            with raw.pipeline():
                raw.execute(_LIMITS)
                raw.execute(PIN_TRANSACTION)
            try:
                yield Rehearsal(database, connection)
            finally:
                raw.rollback()
    except NoConnection as error:
        raise TryAgain(
            "no database connection is free",
            hint="The server is overloaded or PostgreSQL is unreachable. Repeat the call.",
        ) from error
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise domain_error(error.orig) from error
        raise
    except psycopg.Error as error:
        raise domain_error(error) from error


def _driver(connection: Connection) -> PooledConnection:
    return cast("PooledConnection", connection.connection.driver_connection)
