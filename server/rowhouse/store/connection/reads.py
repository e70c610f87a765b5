"""Reads through SQLAlchemy: one statement each, its errors the domain's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from rowhouse.domain.errors import TryAgain
from rowhouse.store.connection import metrics
from rowhouse.store.connection.errors import domain_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Executable

    from rowhouse.store.connection.database import Database

Record: TypeAlias = Row[Any]
"""A row with its columns as attributes."""


def rows(database: Database, statement: Executable) -> Sequence[Record]:
    """The rows of a statement that changes nothing.

    Errors: TryAgain, NotReady, and what the stored functions raise.
    """
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection, metrics.CALL_DURATION.labels("read").time():
            return connection.execute(statement).all()
    except NoConnection as error:
        raise TryAgain(
            "no database connection is free",
            hint="The server is overloaded or PostgreSQL can not be reached; the call may be repeated.",
        ) from error
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise domain_error(error.orig) from error
        raise


def row(database: Database, statement: Executable) -> Record | None:
    """The first row of a statement, None if there is none. Errors as `rows`."""
    found = rows(database, statement)
    return found[0] if found else None
