"""Events: refused ADDs, warnings, releases by the controller, and pools that are nearly full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, func, null, select, tuple_
from sqlalchemy.dialects.postgresql import TIMESTAMP

from rowhouse.store.connection.listing import Listing, in_bytes
from rowhouse.store.connection.models import Event, Pool
from rowhouse.store.connection.reads import rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Conditions on events; None: any. `since` is included, `until` is not. `name` is that of the pod.

    The pod must be in one of `namespaces`.
    """

    reason: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    name: str | None = None
    node: str | None = None
    pool_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    namespaces: tuple[str, ...] | None = None


def _events(namespaces: tuple[str, ...] | None) -> Select[Any]:
    """Select events; for a team, without what holds an address, which may be of another namespace."""
    columns = dict(Event.__table__.columns)
    if namespaces is not None:
        columns["held_by"] = cast(null(), Text).label("held_by")
    return select(*columns.values(), Pool.cidr.label("pool")).outerjoin(
        Pool, Pool.id == Event.pool_id
    )


def search(
    database: Database, wanted: Search, *, after: tuple[datetime, int] | None, limit: int
) -> Sequence[Record]:
    """Return the events after `after` that meet every condition, latest first."""
    statement = (
        _events(wanted.namespaces).order_by(Event.last_at.desc(), Event.id.desc()).limit(limit)
    )
    for column, value in (
        (Event.reason, wanted.reason),
        (Event.cluster, wanted.cluster),
        (Event.namespace, wanted.namespace),
        (Event.pod, wanted.name),
        (Event.node, wanted.node),
        (Event.pool_id, wanted.pool_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(Event.last_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Event.last_at < wanted.until)
    if wanted.namespaces is not None:
        statement = statement.where(Event.namespace.in_(wanted.namespaces))
    if after is not None:
        moment = cast(after[0], TIMESTAMP(timezone=True))
        statement = statement.where(tuple_(Event.last_at, Event.id) < tuple_(moment, after[1]))
    return rows(database, statement)


def listing(namespaces: tuple[str, ...] | None) -> Listing:
    """Return the list of the events of pods in `namespaces`; None: of all events."""
    found = _events(namespaces).subquery("events")
    c = found.c
    texts = ("reason", "node", "message")
    held_by = func.lower(func.coalesce(c.held_by, ""))
    return Listing(
        rows=found,
        sorts={
            "last_at": (c.last_at,),
            "first_at": (c.first_at,),
            "times": (c.times,),
            "pod": (in_bytes(c.namespace), in_bytes(c.pod)),
            **{name: (in_bytes(c[name]),) for name in texts},
        },
        key=(c.id,),
        searched=(
            func.lower(c.message),
            held_by,
            c.namespace,
            c.pod,
            c.node,
            func.lower(c.reason),
        ),
        owners=(c.namespace + "/" + c.pod, held_by),
        equal={"reason": c.reason},
    ).of_namespaces(namespaces)
