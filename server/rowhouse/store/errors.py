"""A driver's error becomes one of the domain's, by SQLSTATE and constraint, in this one place.

The classes RHxxx are raised by the stored functions of migrations/sql.
"""

from __future__ import annotations

import re

import psycopg
from psycopg import errors

from rowhouse.domain.errors import (
    AddressOutsideRanges,
    AddressTaken,
    InTheWay,
    InvalidConfig,
    InvalidRequest,
    NotFound,
    NotReady,
    Outdated,
    PoolExhausted,
    QuotaExceeded,
    RowhouseError,
    TryAgain,
)

BY_SQLSTATE: dict[str, type[RowhouseError]] = {
    "RH100": PoolExhausted,
    "RH101": AddressTaken,
    "RH102": AddressOutsideRanges,
    "RH103": InvalidConfig,
    "RH104": PoolExhausted,
    "RH105": QuotaExceeded,
    "RH404": NotFound,
    "RH409": AddressTaken,
    "RH410": InTheWay,
    "RH412": Outdated,
}
# What a constraint says to whoever ran into it;
BY_CONSTRAINT: dict[str, str] = {
    "pools_network_name_cidr_key": "the network has a pool of this CIDR already",
    "pools_name_key": "there is a pool of this name already",
    "pools_network_id_network_name_fkey": "the network still has pools",
    "exclusions_network_id_fkey": "the network still has exclusions",
    "exclusions_last": "part of it is kept out of use already",
    "quotas_namespace_pool_id_key": "the namespace has a quota there already",
    "quotas_pool_id_fkey": "there is no such pool any more",
    "reservations_owner": "this owner got another address of the pool at the same moment",
}
UNDONE = (errors.SerializationFailure, errors.DeadlockDetected, errors.ReadOnlySqlTransaction)
LOST = (errors.OperationalError, errors.InterfaceError)
SCHEMA_MISSING = (
    errors.InvalidSchemaName,
    errors.UndefinedFunction,
    errors.UndefinedTable,
    errors.UndefinedColumn,
)
INPUT = (errors.DataError,)


def is_rolled_back(error: psycopg.Error) -> bool:
    """Whether it is certain that the transaction of a transient error did not happen."""
    return isinstance(error, UNDONE)


def is_transient(error: psycopg.Error) -> bool:
    """Whether the same call may succeed at once, on another connection.

    The connection was lost, two transactions met, or the server has become a standby.
    """
    if isinstance(error, errors.LockNotAvailable):
        return False
    return isinstance(error, (*LOST, *UNDONE))


def range_of(error: psycopg.Error) -> int | None:
    """Which range of the request (from 0) a stored function refused; None if it did not say."""
    detail = error.diag.message_detail
    return int(detail) - 1 if detail and detail.isdecimal() else None


def domain_error(error: psycopg.Error) -> RowhouseError:  # noqa: PLR0911 - a table with conditions
    """The error of the domain that stands for a driver's error."""
    message = error.diag.message_primary or str(error).strip() or type(error).__name__
    if (kind := BY_SQLSTATE.get(error.sqlstate or "")) is not None:
        return kind(message, hint=error.diag.message_hint or "")
    if (refused := _violation(error)) is not None:
        return refused
    if isinstance(error, SCHEMA_MISSING):
        return NotReady(
            f"the database's schema does not fit: {message}", hint="Run `rowhouse db upgrade`."
        )
    if isinstance(error, errors.LockNotAvailable):
        return TryAgain("the pool is busy: its lock was not free in time", hint="Repeat the call.")
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


def _violation(error: psycopg.Error) -> RowhouseError | None:
    """What a constraint that callers can run into refused."""
    name = error.diag.constraint_name or ""
    if isinstance(error, errors.CheckViolation) and name.startswith(("pools_", "networks_")):
        return InvalidRequest(f"the database refuses: {error.diag.message_primary}")
    if isinstance(error, errors.IntegrityError) and name in BY_CONSTRAINT:
        return InTheWay(f"{BY_CONSTRAINT[name]}{_values(error)}")
    return None


def _values(error: psycopg.Error) -> str:
    """The key and its values, such as ": name storage-a", where the database names them.

    What is empty, such as the name of the default network, is left out.
    """
    found = re.match(r"Key \((.*?)\)=\((.*?)\) ", error.diag.message_detail or "")
    if found is None:
        return ""
    names, values = found[1].split(", "), found[2].split(", ")
    if len(names) != len(values):  # one of the values has a comma in it
        return f": {found[2]}"
    pairs = zip(names, values, strict=True)
    return ": " + ", ".join(f"{name} {value}" for name, value in pairs if value)
