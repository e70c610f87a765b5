"""Reads through SQLAlchemy: one statement each, with the domain's errors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import psycopg
from psycopg.errors import QueryCanceled, error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from rowhouse import metrics
from rowhouse.domain.errors import TryAgain
from rowhouse.store.connection.deadline import seconds_left
from rowhouse.store.connection.errors import domain_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import LiteralString

    from sqlalchemy import Connection, CursorResult, Executable

    from rowhouse.store.connection.database import Database

MAX_SECONDS: Final = 10.0
# The limits are for this transaction only: behind PgBouncer, the next one may write. To start and feed parallel workers
# costs more CPU time than most reads, and takes it from ADDs.
_BEGIN: Final = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = {:d};"
    " SET LOCAL max_parallel_workers_per_gather = 0"
)
# A full /16 is sorted in memory; compiling a statement takes longer than running it.
_SORTING: Final = "; SET LOCAL work_mem = '32MB'; SET LOCAL jit = off"

Record: TypeAlias = Row[Any]
"""A row with its columns as attributes."""


def rows(
    database: Database,
    statement: Executable,
    *,
    most_seconds: float = MAX_SECONDS,
    sorts: bool = False,
) -> Sequence[Record]:
    """Return the rows of a read-only statement. It is canceled after a time limit, or at its caller's deadline.

    `sorts`: it sorts up to 100,000 rows.

    Errors: TryAgain, NotReady, and what the stored functions raise.
    """
    return _read(
        database, lambda connection: connection.execute(statement), most_seconds, sorts=sorts
    )


def rows_of(
    database: Database, query: LiteralString, parameters: dict[str, Any]
) -> Sequence[Record]:
    """Like `rows`, for a query of a file (`statements.py`)."""
    return _read(
        database, lambda connection: connection.exec_driver_sql(query, parameters), MAX_SECONDS
    )


def _read(
    database: Database,
    execute: Callable[[Connection], CursorResult[Any]],
    most_seconds: float,
    *,
    sorts: bool = False,
) -> Sequence[Record]:
    try:
        with (
            metrics.CALL_DURATION.labels("read").time(),
            database.reading(partial(_begin, most_seconds=most_seconds, sorts=sorts)) as connection,
        ):
            return execute(connection).all()
    except NoConnection as error:
        raise TryAgain(
            "no database connection is free",
            hint="The server is overloaded or PostgreSQL is unreachable. Repeat the call.",
        ) from error
    except psycopg.Error as error:
        raise domain_error(error) from error
    except DBAPIError as error:
        if isinstance(error.orig, QueryCanceled):
            raise TryAgain(
                "the database took too long to answer",
                hint="Narrow the query, such as to a shorter period or a longer prefix; or the database is busy.",
            ) from error
        if isinstance(error.orig, psycopg.Error):
            raise domain_error(error.orig) from error
        raise


def row(database: Database, statement: Executable) -> Record | None:
    """Return the first row of a statement; None if there is none. Errors as `rows`."""
    found = rows(database, statement)
    return found[0] if found else None


def _begin(connection: Connection, *, most_seconds: float, sorts: bool) -> None:
    """Begin a transaction with a time limit, in one round trip: psycopg would need one for each of the two.

    Its pipeline mode would send both with the read, but is slower (docs/performance.md).
    """
    milliseconds = max(1, int(seconds_left(most_seconds) * 1000))  # 0 would mean no timeout
    raw = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    begun = raw.pgconn.exec_((_BEGIN.format(milliseconds) + _SORTING * sorts).encode())
    if raw.pgconn.status != ConnStatus.OK:
        raise psycopg.OperationalError("the connection was lost before the read")
    if begun.status != ExecStatus.COMMAND_OK:
        raise error_from_result(begun)
