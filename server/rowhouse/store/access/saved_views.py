"""Saved views of the tables on the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, or_, select

from rowhouse.store.connection.models import SavedView
from rowhouse.store.connection.reads import row, rows
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Select

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

CREATE: Final = statement(__name__, "create_saved_view")
UPDATE: Final = statement(__name__, "update_saved_view")
DELETE = "DELETE FROM rowhouse.saved_views WHERE id = %s RETURNING id"


def search(
    database: Database,
    viewer: str,
    *,
    tables: Collection[str] | None = None,
    name: str | None = None,
    author: str | None = None,
    of_all: bool = False,
    after: int = 0,
    limit: int,
) -> Sequence[Record]:
    """Return the views after id `after` that the caller `viewer` sees, by id: its own, and shared ones.

    `of_all`: also the private ones of others, without their queries. They are of one of `tables` and meet every other
    condition (None: any).
    """
    found = (
        _views(viewer, of_all=of_all)
        .where(SavedView.id > after)
        .order_by(SavedView.id)
        .limit(limit)
    )
    if tables is not None:
        found = found.where(SavedView.table_name.in_(tables))
    if name is not None:
        found = found.where(SavedView.name == name)
    if author is not None:
        found = found.where(SavedView.author == author)
    return rows(database, found)


def get(database: Database, view_id: int, viewer: str, *, of_all: bool = False) -> Record | None:
    """Return a view that the caller `viewer` sees; None: there is none.

    `of_all`: also a private one of another caller, without its query.
    """
    return row(database, _views(viewer, of_all=of_all).where(SavedView.id == view_id))


def _views(viewer: str, *, of_all: bool) -> Select[Any]:
    """Return a query for views; `query` is NULL for what another caller keeps private."""
    is_seen = _is_seen_by(viewer)
    query = case((is_seen, SavedView.query)).label("query")
    columns = [column for column in SavedView.__table__.columns if column.name != "query"]
    found = select(*columns, query)
    return found if of_all else found.where(is_seen)


def _is_seen_by(viewer: str) -> ColumnElement[bool]:
    return or_(SavedView.author == viewer, SavedView.is_shared)


def create(
    database: Database, *, table: str, name: str, query: str, is_shared: bool, actor: Actor
) -> int:
    """Save a view, and return its id. Raises InTheWay: the name is taken, or the actor has too many views."""
    parameters = {
        "table": table,
        "name": name,
        "author": actor.name,
        "is_shared": is_shared,
        "query": query,
    }
    made = database.change(CREATE, parameters, actor=actor.name, request_id=actor.request_id)
    return int(made[0][0])


def update(
    database: Database,
    view_id: int,
    *,
    name: str | None,
    query: str | None,
    is_shared: bool | None,
    actor: Actor,
) -> bool:
    """Change what is not None; False if there is no such view. Raises InTheWay: the name is taken."""
    parameters = {"id": view_id, "name": name, "query": query, "is_shared": is_shared}
    return bool(database.change(UPDATE, parameters, actor=actor.name, request_id=actor.request_id))


def delete(database: Database, view_id: int, actor: Actor) -> bool:
    """Delete a view; False if there is none."""
    return bool(database.change(DELETE, (view_id,), actor=actor.name, request_id=actor.request_id))
