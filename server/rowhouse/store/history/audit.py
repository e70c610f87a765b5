"""Search the audit log, and explain why an address is assigned or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Text, cast, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import INET, TIMESTAMP
from sqlalchemy.orm import aliased

from rowhouse.store.connection.models import AuditEntry
from rowhouse.store.connection.reads import row, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

Key = tuple[datetime, int]
"""Time and id of an entry."""

MAX_SEARCHED: Final = 50_000
_MOMENT = TIMESTAMP(timezone=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Conditions on entries; None: any. `since` is included, `until` is not."""

    actor: str | None = None
    action: str | None = None
    object: str | None = None
    object_type: str | None = None
    network: str | None = None
    cluster: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def search(
    database: Database, wanted: Search, *, after: Key | None, limit: int
) -> Sequence[Record]:
    """Return the entries after `after` that meet every condition, latest first."""
    statement = select(AuditEntry).where(*_conditions(wanted))
    if after is not None:
        # The first condition is redundant, but the index supports it.
        statement = statement.where(AuditEntry.at <= after[0]).where(
            tuple_(AuditEntry.at, AuditEntry.id) < tuple_(cast(after[0], _MOMENT), after[1])
        )
    return rows(
        database, statement.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)
    )


def get(database: Database, entry_id: int) -> Record | None:
    """Return one entry."""
    return row(database, select(AuditEntry).where(AuditEntry.id == entry_id))


def page(
    database: Database,
    wanted: Search,
    *,
    words: Sequence[str],
    descending: bool,
    offset: int,
    limit: int,
) -> Sequence[Record]:
    """Return some entries that meet every condition, by time. Errors: TryAgain, NotReady.

    Each word must occur in the actor, the action, the object, a value or the request, in any case. No index finds a
    part of a text, so words are looked for in the latest 50,000 entries that meet the other conditions.
    """
    found: type[AuditEntry] = AuditEntry
    statement = select(AuditEntry).where(*_conditions(wanted))
    if words:
        latest = statement.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(MAX_SEARCHED)
        found = aliased(AuditEntry, latest.subquery("latest"))
        texts = (
            found.actor,
            found.action,
            found.object,
            cast(found.after, Text),
            cast(found.before, Text),
            found.request_id,
        )
        statement = select(found).where(
            *(
                or_(*(func.strpos(func.lower(text), literal(word.lower())) > 0 for text in texts))
                for word in words
            )
        )
    order = (found.at.desc(), found.id.desc()) if descending else (found.at, found.id)
    return rows(database, statement.order_by(*order).offset(offset).limit(limit))


def _conditions(wanted: Search) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (AuditEntry.actor, wanted.actor),
        (AuditEntry.action, wanted.action),
        (AuditEntry.object, wanted.object),
        (AuditEntry.object_type, wanted.object_type),
        (AuditEntry.network, wanted.network),
        (AuditEntry.cluster, wanted.cluster),
        (AuditEntry.request_id, wanted.request_id),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.since is not None:
        conditions.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditEntry.at < wanted.until)
    return conditions


def explain(
    database: Database, network: str, address: str, *, space: int | None = None
) -> dict[str, Any]:
    """Return the state of an address and the reason for it; `space` is the id of its network."""
    asked = func.rowhouse.explain_address(network, cast(address, INET), space)
    found = row(database, select(asked))
    return dict(found[0]) if found else {}
