"""Reads through SQLAlchemy: one statement each, with the domain's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import psycopg
from psycopg.errors import QueryCanceled
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from rowhouse import metrics
from rowhouse.domain.errors import TryAgain
from rowhouse.store.connection.deadline import seconds_left
from rowhouse.store.connection.errors import domain_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Executable

    from rowhouse.store.connection.database import Database

MAX_SECONDS: Final = 10.0
_LIMIT: Final = "SELECT set_config('statement_timeout', %s, true)"

Record: TypeAlias = Row[Any]
"""A row with its columns as attributes."""


def rows(database: Database, statement: Executable) -> Sequence[Record]:
    """Return the rows of a read-only statement. It is canceled after a time limit, or at its caller's deadline.

    Errors: TryAgain, NotReady, and what the stored functions raise.
    """
    try:
        with database.engine.connect() as connection, metrics.CALL_DURATION.labels("read").time():
            milliseconds = max(1, int(seconds_left(MAX_SECONDS) * 1000))  # 0 would mean no timeout
            # For this transaction only: behind PgBouncer, the next one may write.
            connection.exec_driver_sql(_LIMIT, (str(milliseconds),))
            return connection.execute(statement).all()
    except NoConnection as error:
        raise TryAgain(
            "no database connection is free",
            hint="The server is overloaded or PostgreSQL is unreachable. Repeat the call.",
        ) from error
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
