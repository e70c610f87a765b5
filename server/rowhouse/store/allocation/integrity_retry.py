"""Correct history and free space after an integrity constraint refused a call, and repeat the call.

The fast path trusts the free space: no owner has held an address since it was freed. A clock that was set back, or a
change by hand, breaks this assumption, and a constraint refuses the call. The careful path corrects the data first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from rowhouse.domain.errors import InternalError
from rowhouse.store.connection.errors import is_integrity_error

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

MAX_CAREFUL_CALLS: Final = 3
"""More than one, because the clock may jump again between the correction and the call."""


def call(database: Database, query: LiteralString, parameters: dict[str, Any]) -> list[TupleRow]:
    """Like `Database.call_waiting`, but take the careful path if an integrity constraint refuses the call.

    Errors: InternalError if the constraint still refuses it.
    """
    try:
        return database.call_waiting(query, parameters)
    except InternalError as error:
        if not is_integrity_error(error.__cause__):
            raise
        refused = error
    for _ in range(MAX_CAREFUL_CALLS):
        try:
            return database.call_carefully(query, parameters)
        except InternalError as error:
            if not is_integrity_error(error.__cause__):
                raise
            refused = error
    raise refused
