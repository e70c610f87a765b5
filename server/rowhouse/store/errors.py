"""A driver's error becomes one of the domain's, by SQLSTATE and constraint, in this one place.

The classes RHxxx are raised by the stored functions of migrations/sql.
"""

from __future__ import annotations

import psycopg
from psycopg import errors

from rowhouse.domain.errors import (
    AddressOutsideRanges,
    AddressTaken,
    InvalidConfig,
    NotReady,
    PoolExhausted,
    RowhouseError,
    TryAgain,
)

BY_SQLSTATE: dict[str, type[RowhouseError]] = {
    "RH100": PoolExhausted,
    "RH101": AddressTaken,
    "RH102": AddressOutsideRanges,
    "RH103": InvalidConfig,
    "RH104": PoolExhausted,
    "RH409": AddressTaken,
}
LOST = (errors.OperationalError, errors.InterfaceError)
SCHEMA_MISSING = (
    errors.InvalidSchemaName,
    errors.UndefinedFunction,
    errors.UndefinedTable,
    errors.UndefinedColumn,
)
INPUT = (errors.DataError,)


def is_transient(error: psycopg.Error) -> bool:
    """Whether the same call may succeed at once: the connection was lost, or two transactions met."""
    if isinstance(error, errors.LockNotAvailable):
        return False
    return isinstance(error, (*LOST, errors.SerializationFailure, errors.DeadlockDetected))


def range_of(error: psycopg.Error) -> int | None:
    """Which range of the request (from 0) a stored function refused; None if it did not say."""
    detail = error.diag.message_detail
    return int(detail) - 1 if detail and detail.isdecimal() else None


def domain_error(error: psycopg.Error) -> RowhouseError:
    """The error of the domain that stands for a driver's error."""
    message = error.diag.message_primary or str(error).strip() or type(error).__name__
    if (kind := BY_SQLSTATE.get(error.sqlstate or "")) is not None:
        return kind(message, hint=error.diag.message_hint or "")
    if isinstance(error, SCHEMA_MISSING):
        return NotReady(
            f"the database's schema does not fit: {message}", hint="Run `rowhouse db upgrade`."
        )
    if isinstance(error, errors.LockNotAvailable):
        return TryAgain("the pool is busy: no lock within 3 s", hint="Repeat the call.")
    if isinstance(error, errors.InsufficientPrivilege):
        return NotReady(
            f"the database refuses: {message}",
            hint="Grant the role rowhouse_server to the server's user.",
        )
    if isinstance(error, INPUT):
        return InvalidConfig(f"PostgreSQL can not take a value: {message}")
    return TryAgain(
        f"PostgreSQL: {message}",
        hint="The database can not be reached or is in trouble; the call may be repeated.",
    )
