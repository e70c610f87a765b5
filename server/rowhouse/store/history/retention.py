"""History that is old enough is removed, in small transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg.types.json import Jsonb

from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from datetime import datetime

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database

BOUNDS: Final = statement(__name__, "prune_bounds")
PRUNE = "SELECT pruned, last_id FROM rowhouse.prune_v1(%s, %s, %s)"
RECORD = "SELECT rowhouse.record_v1(%s, %s, %s, 'tenures', NULL, %s)"


def bounds(database: Database, seconds: float) -> tuple[datetime, int]:
    """The moment so many seconds ago, by the clock of the database, and the last tenure's id."""
    before, last = database.call(BOUNDS, {"seconds": seconds})[0]
    return before, last


def prune(
    database: Database, before: datetime, *, after: int, at_most: int
) -> tuple[int, int | None]:
    """Removes what ended `before`, of the next `at_most` tenures behind the id `after`.

    How many those were, and the id behind which to go on; None: there is nothing more.
    """
    pruned, last = database.call(PRUNE, (before, after, at_most))[0]
    return pruned, last


def record(database: Database, actor: Actor, action: str, facts: dict[str, object]) -> None:
    """Writes into the audit log what is removed."""
    database.call(RECORD, (actor.name, actor.request_id, action, Jsonb(facts)))
