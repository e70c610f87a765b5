"""Saved views of the tables on the pages: list, save, change, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.domain.errors import NotAllowed
from rowhouse.domain.saved_views import TABLES
from rowhouse.ipam.missing import missing
from rowhouse.store.access import saved_views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.domain.administration import Actor
    from rowhouse.domain.saved_views import Viewer
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def views(
    store: Database,
    viewer: Viewer,
    *,
    table: str | None = None,
    name: str | None = None,
    author: str | None = None,
    of_all: bool = False,
    after: int = 0,
    limit: int,
) -> Sequence[Record]:
    """Return views of the caller and shared ones, of tables that it may open, by id.

    `of_all`: the private views of others too, without their queries. Raises NotAllowed: the caller is no operator.
    """
    if of_all and not viewer.is_operator:
        raise NotAllowed(
            f'"{viewer.name}" may not list the private views of others',
            hint="An operator or an administrator can.",
        )
    return saved_views.search(
        store,
        viewer.name,
        tables=[one for one in TABLES if table in {None, one} and viewer.may_see(one)],
        name=name,
        author=author,
        of_all=of_all,
        after=after,
        limit=limit,
    )


def view(store: Database, view_id: int, viewer: Viewer) -> Record:
    """Return a view that the caller sees. Raises NotFound."""
    found = saved_views.get(store, view_id, viewer.name)
    if found is None or not viewer.may_see(found.table_name):
        raise missing("view", view_id)
    return found


def save(
    store: Database,
    viewer: Viewer,
    *,
    table: str,
    name: str,
    query: str,
    is_shared: bool,
    actor: Actor,
) -> Record:
    """Save a view of a table.

    Raises NotAllowed (the caller may not open the table, or not share), InTheWay (the name is taken, or the caller has
    too many views).
    """
    if not viewer.may_see(table):
        raise NotAllowed(
            f'"{viewer.name}" may not open {table}',
            hint=f"A team can save views of {', '.join(one for one in TABLES if viewer.may_see(one))}.",
        )
    if is_shared:
        _require_sharing(viewer)
    made = saved_views.create(
        store, table=table, name=name, query=query, is_shared=is_shared, actor=actor
    )
    return view(store, made, viewer)


def change(
    store: Database,
    viewer: Viewer,
    view_id: int,
    *,
    name: str | None = None,
    query: str | None = None,
    is_shared: bool | None = None,
    actor: Actor,
) -> Record:
    """Rename, overwrite or share a view; None: that stays.

    Raises NotFound, NotAllowed, InTheWay (the name is taken).
    """
    found = changeable(store, view_id, viewer)
    if is_shared and not found.is_shared:
        _require_sharing(viewer)
    saved_views.update(store, view_id, name=name, query=query, is_shared=is_shared, actor=actor)
    # An administrator who ends the sharing of a view no longer sees it.
    changed = saved_views.get(store, view_id, found.author)
    if changed is None:
        raise missing("view", view_id)
    return changed


def delete(store: Database, viewer: Viewer, view_id: int, actor: Actor) -> None:
    """Delete a view. Raises NotFound, NotAllowed."""
    deletable(store, view_id, viewer)
    if not saved_views.delete(store, view_id, actor):
        raise missing("view", view_id)


def changeable(store: Database, view_id: int, viewer: Viewer) -> Record:
    """Return a view that the caller may change. Raises NotFound, NotAllowed."""
    found = view(store, view_id, viewer)
    if not may_change(found, viewer):
        raise NotAllowed(
            f'"{viewer.name}" may not change a view of "{found.author}"',
            hint="Its author or an administrator can. Save it under a name of your own.",
        )
    return found


def deletable(store: Database, view_id: int, viewer: Viewer) -> Record:
    """Return a view that the caller may delete; a private one of another caller, without its query.

    Raises NotFound, NotAllowed.
    """
    if not viewer.is_operator:
        return changeable(store, view_id, viewer)
    found = saved_views.get(store, view_id, viewer.name, of_all=True)
    if found is None:
        raise missing("view", view_id)
    return found


def may_change(found: Record, viewer: Viewer) -> bool:
    """Whether the caller may change a view that it lists."""
    return bool(found.author == viewer.name) or (viewer.is_admin and bool(found.is_shared))


def may_delete(found: Record, viewer: Viewer) -> bool:
    """Whether the caller may delete a view that it lists."""
    return viewer.is_operator or may_change(found, viewer)


def _require_sharing(viewer: Viewer) -> None:
    if not viewer.is_operator:
        raise NotAllowed(
            f'"{viewer.name}" may not share a view', hint="An operator or an administrator can."
        )
