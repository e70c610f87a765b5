"""Search the audit log, and explain why an address is assigned or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import INET, TIMESTAMP

from rowhouse.store.connection.models import AuditEntry
from rowhouse.store.connection.reads import row, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

Key = tuple[datetime, int]
"""Time and id of an entry."""

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
    statement = select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)
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
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(AuditEntry.at < wanted.until)
    if after is not None:
        # The first condition is redundant, but the index supports it.
        statement = statement.where(AuditEntry.at <= after[0]).where(
            tuple_(AuditEntry.at, AuditEntry.id) < tuple_(cast(after[0], _MOMENT), after[1])
        )
    return rows(database, statement)


def explain(
    database: Database, network: str, address: str, *, space: int | None = None
) -> dict[str, Any]:
    """Return the state of an address and the reason for it; `space` is the id of its network."""
    asked = func.rowhouse.explain_address(network, cast(address, INET), space)
    found = row(database, select(asked))
    return dict(found[0]) if found else {}
