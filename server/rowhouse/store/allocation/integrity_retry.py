"""Repeats a call that an integrity constraint refused, after a correction of history and free space.

The usual way relies on what the free space says: no owner has held an address since it was freed. A clock that was set
back, or a change by hand, makes that wrong, and a constraint refuses the call. The careful way corrects first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from rowhouse.domain.errors import InternalError
from rowhouse.store.connection.errors import is_integrity_error

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

MAX_CAREFUL_CALLS: Final = 3
"""The clock may jump once more between the correction and what it was for."""


def call(database: Database, query: LiteralString, parameters: dict[str, Any]) -> list[TupleRow]:
    """As `Database.call_waiting`; carefully, if an integrity constraint refuses it.

    Errors: InternalError if it is refused all the same.
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
