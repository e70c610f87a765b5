"""Convert driver errors to the domain's errors, by SQLSTATE and constraint.

`Refusal` names the SQLSTATEs that the stored functions of migrations/schema raise; there, the view `error_codes` does.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import errors

from rowhouse.domain.errors import (
    AddressOutsideRanges,
    AddressTaken,
    AttachedElsewhere,
    Held,
    InternalError,
    InTheWay,
    InvalidConfig,
    InvalidRequest,
    IsolatedPool,
    NotAllowed,
    NotFound,
    NotReady,
    Outdated,
    PoolExhausted,
    QuotaExceeded,
    RowhouseError,
    TryAgain,
    UnconfirmedObject,
)

_OURS: Final = "RH"
"""The SQLSTATEs of our functions begin with it."""


class Refusal(StrEnum):
    """The SQLSTATEs of our stored functions, named as in the view `error_codes`.

    Three digits are the CNI error code; letters: the condition has none of its own.
    """

    INVALID_CONFIG = "RH007"
    TRY_AGAIN = "RH011"
    POOL_EXHAUSTED = "RH100"
    ADDRESS_TAKEN = "RH101"
    ADDRESS_OUTSIDE_RANGES = "RH102"
    QUOTA_EXCEEDED = "RH104"
    NOT_ALLOWED = "RH110"
    ATTACHED_ELSEWHERE = "RHATT"
    ISOLATED_POOL = "RHISO"
    NOT_FOUND = "RHNFD"
    UNCONFIRMED_OBJECT = "RHUID"
    OUTDATED = "RHOLD"
    IN_THE_WAY = "RHWAY"


class _Meaning(NamedTuple):
    """The error for a SQLSTATE, the prefix of PostgreSQL's message, and the next step."""

    error: type[RowhouseError]
    prefix: str = ""
    hint: str = ""


_BUSY: Final = _Meaning(
    TryAgain,
    "PostgreSQL: ",
    "The database is unreachable or has a problem. Repeat the call.",
)
_FAULT: Final = _Meaning(
    InternalError,
    "the database refuses: ",
    "Query the view integrity_problems. If it is empty, report this message with PostgreSQL's log.",
)
_SCHEMA: Final = _Meaning(
    NotReady, "the database's schema does not match: ", "Run `rowhouse db upgrade`."
)
_LOGIN: Final = _Meaning(
    NotReady,
    "the database refuses the login: ",
    "Check ROWHOUSE_DATABASE_URL, or the files with the URL or the password.",
)

BY_SQLSTATE: Final[dict[str, _Meaning]] = {
    # Raised by our functions, with their own message and hint.
    Refusal.INVALID_CONFIG: _Meaning(InvalidConfig),
    Refusal.TRY_AGAIN: _Meaning(TryAgain),
    Refusal.POOL_EXHAUSTED: _Meaning(PoolExhausted),
    Refusal.ADDRESS_TAKEN: _Meaning(AddressTaken),
    Refusal.ADDRESS_OUTSIDE_RANGES: _Meaning(AddressOutsideRanges),
    Refusal.QUOTA_EXCEEDED: _Meaning(QuotaExceeded),
    Refusal.NOT_ALLOWED: _Meaning(NotAllowed),
    Refusal.ATTACHED_ELSEWHERE: _Meaning(AttachedElsewhere),
    Refusal.ISOLATED_POOL: _Meaning(IsolatedPool),
    Refusal.NOT_FOUND: _Meaning(NotFound),
    Refusal.UNCONFIRMED_OBJECT: _Meaning(UnconfirmedObject),
    Refusal.OUTDATED: _Meaning(Outdated),
    Refusal.IN_THE_WAY: _Meaning(InTheWay),
    # PostgreSQL's own: five characters are one condition, two are the rest of a class.
    "08": _BUSY,  # connection exceptions
    "22": _Meaning(
        InvalidConfig,
        "PostgreSQL rejects a value: ",
        "Correct the value in the message.",
    ),
    "23": _FAULT,  # integrity constraints that callers cannot violate; see BY_CONSTRAINT
    "25": _FAULT,
    "25006": _BUSY,  # the server has become a standby
    "25P03": _BUSY,  # idle in a transaction for too long
    "25P04": _BUSY,  # a transaction took too long
    "28": _LOGIN,
    "3D": _LOGIN,  # no such database
    "3F": _SCHEMA,
    "40": _BUSY,  # serialization failures, deadlocks
    "40002": _FAULT,  # an integrity constraint at commit
    "42": _FAULT,
    "42501": _Meaning(
        NotReady, "the database refuses: ", "Grant the role rowhouse_server to the server's user."
    ),
    "42703": _SCHEMA,
    "42883": _SCHEMA,
    "42P01": _SCHEMA,
    "53": _BUSY,  # out of disk, memory or connections
    "55": _FAULT,
    "55006": _BUSY,
    "57": _BUSY,  # canceled, or shutting down
    "58": _FAULT,
    "58030": _BUSY,  # an I/O error
    "72": _BUSY,  # snapshot too old
    "XX": _FAULT,  # data or index corrupted
    "XX000": _BUSY,  # such as "tuple concurrently updated" during a migration
}
"""Every SQLSTATE that does not mean a bug; all others are `_FAULT`.

Without a SQLSTATE there is no connection: `_BUSY`.
"""
# The constraints that a caller can violate, and their messages.
BY_CONSTRAINT: dict[str, str] = {
    "pools_network_name_cidr_key": "the network already has a pool with this CIDR",
    "pools_name_key": "a pool with this name already exists",
    "pool_names_pkey": "another pool has this name or alias",
    "pools_network_id_network_name_fkey": "the network still has pools",
    "exclusions_network_id_fkey": "the network still has exclusions",
    "exclusions_last": "some of these addresses are already excluded",
    "quotas_namespace_pool_id_key": "the namespace already has a quota there",
    "quotas_pool_id_fkey": "the pool no longer exists",
    "saved_views_own": "you already have a view of this table with this name",
    "saved_views_shared": "another shared view of this table has this name",
    "reservations_owner": "this owner got another address of the pool at the same time",
}
# Columns of these constraints: the message says "you" and "this table".
_IN_WORDS: Final = ("author", "table_name")
UNDONE = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.ReadOnlySqlTransaction,
    errors.FeatureNotSupported,  # a prepared statement whose result a migration has changed
)
LOST = (errors.OperationalError, errors.InterfaceError)


def is_rolled_back(error: psycopg.Error) -> bool:
    """Whether the transaction of a transient error certainly did not happen."""
    return isinstance(error, UNDONE)


def is_transient(error: psycopg.Error) -> bool:
    """Whether the same call may succeed immediately on another connection.

    The connection was lost, two transactions conflicted, or the server has become a standby.
    """
    if isinstance(error, errors.LockNotAvailable):
        return False
    return isinstance(error, (*LOST, *UNDONE))


def range_of(error: psycopg.Error) -> int | None:
    """Return the range of the request (from 0) that a stored function refused; None if unknown."""
    found = _detail(error).get("range")
    return None if found is None else int(found) - 1


def _detail(error: psycopg.Error) -> dict[str, Any]:
    """Return the DETAIL of a stored function of ours: `range` (from 1), and the parts of `Held` (`by` as `held_by`)."""
    text = error.diag.message_detail or ""
    if not (error.sqlstate or "").startswith(_OURS):
        return {}
    if text.isdecimal():
        return {"range": int(text)}
    return dict(json.loads(text)) if text.startswith("{") else {}


def is_integrity_error(error: BaseException | None) -> bool:
    """Whether an integrity constraint refused the call (SQLSTATE class 23)."""
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith("23")


def domain_error(error: psycopg.Error) -> RowhouseError:
    """Return the domain's error for a driver's error."""
    if (refused := _violation(error)) is not None:
        return refused
    message = error.diag.message_primary or str(error).strip() or type(error).__name__
    if isinstance(error, errors.LockNotAvailable):
        return TryAgain(
            "the pool is busy: timeout while waiting for its lock", hint="Repeat the call."
        )
    meaning = _meaning(error)
    made = meaning.error(
        meaning.prefix + message, hint=meaning.hint or error.diag.message_hint or ""
    )
    detail = _detail(error)
    if "held_by" in detail:
        owners = detail.get("owners")
        made.held = Held(
            message=detail["message"],
            by=detail["held_by"],
            owners=None if owners is None else frozenset((one[0], one[1]) for one in owners),
        )
    return made


def _meaning(error: psycopg.Error) -> _Meaning:
    state = error.sqlstate
    if state is None:
        return _BUSY
    return BY_SQLSTATE.get(state) or BY_SQLSTATE.get(state[:2]) or _FAULT


def _violation(error: psycopg.Error) -> RowhouseError | None:
    """Return the error of a constraint that callers can violate."""
    name = error.diag.constraint_name or ""
    if isinstance(error, errors.CheckViolation) and name.startswith(("pools_", "networks_")):
        return InvalidRequest(f"the database refuses: {error.diag.message_primary}")
    if isinstance(error, errors.IntegrityError) and name in BY_CONSTRAINT:
        return InTheWay(f"{BY_CONSTRAINT[name]}{_values(error)}")
    return None


def _values(error: psycopg.Error) -> str:
    """Return the values of the key, such as ": storage-a", if the database names them.

    Empty values, such as the name of the default network, internal ids, and what the message has in words are omitted.
    """
    found = re.match(r"Key \((.*?)\)=\((.*?)\) ", error.diag.message_detail or "")
    if found is None:
        return ""
    names, values = found[1].split(", "), found[2].split(", ")
    if len(names) != len(values):  # one of the values has a comma in it
        return f": {found[2]}"
    pairs = zip(names, values, strict=True)
    told = [
        value
        for name, value in pairs
        if value and not name.endswith("_id") and name not in _IN_WORDS
    ]
    return f": {', '.join(told)}" if told else ""
