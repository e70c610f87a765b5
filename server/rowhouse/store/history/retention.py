"""Remove old history and audit lines, in small transactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg.types.json import Jsonb

from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from datetime import datetime

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database

BOUNDS: Final = statement(__name__, "prune_bounds")
RECORD = "SELECT rowhouse.record_v1(%s, %s, %s, %s, NULL, %s)"


@dataclass(frozen=True, slots=True)
class Kept:
    """A table to prune: its name, its object type in the audit log, and the call that removes a batch by ids."""

    table: str
    object_type: str
    prune: str = ""


TENURES: Final = Kept(
    "tenures", "history", "SELECT pruned, last_id FROM rowhouse.prune_v1(%s, %s, %s)"
)
AUDIT: Final = Kept(
    "audit_log", "audit_log", "SELECT pruned, last_id FROM rowhouse.prune_audit_v1(%s, %s, %s)"
)
NODES: Final = Kept("nodes", "node")


def bounds(database: Database, kept: Kept, seconds: float) -> tuple[datetime, int]:
    """Return the time this many seconds ago, by the database's clock, and the last id of the table."""
    before, tenure, line = database.call(BOUNDS, {"seconds": seconds})[0]
    return before, tenure if kept is TENURES else line


def prune(
    database: Database, kept: Kept, before: datetime, *, after: int, at_most: int
) -> tuple[int, int | None]:
    """Remove one batch of rows that are older than `before`, starting after the id `after`.

    Returns the number of rows, and the id after which to continue (None: nothing is left).
    """
    pruned, last = database.call(kept.prune, (before, after, at_most))[0]
    return pruned, last


def record(
    database: Database, kept: Kept, actor: Actor, verb: str, facts: dict[str, object]
) -> None:
    """Record in the audit log what is removed."""
    action = f"{kept.object_type}.{verb}"
    database.call(RECORD, (actor.name, actor.request_id, action, kept.table, Jsonb(facts)))
