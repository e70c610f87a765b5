"""The saved views of a table: those that the user sees, and the one from which the URL came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from flask import request

from rowhouse.api.views import viewer
from rowhouse.domain.saved_views import MAX_VIEWS, SHARED_PARAMETERS
from rowhouse.ipam import saved_views
from rowhouse.web.database import store
from rowhouse.web.table.asked import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rowhouse.domain.saved_views import Viewer
    from rowhouse.store.connection.reads import Record
    from rowhouse.web.table.asked import Asked

MAX_SHOWN: Final = 2 * MAX_VIEWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """The views of a table that the user sees, by name, and the one that is open (None: none).

    `lost` is what the open view asks for and the table no longer has. `is_changed`: what is shown is not what the open
    view says. `is_gone`: the URL names a view that does not exist, or is not shared.
    """

    viewer: Viewer
    seen: Sequence[Record]
    current: Record | None
    lost: Sequence[str]
    is_changed: bool
    is_gone: bool

    def may_change(self, view: Record) -> bool:
        """Whether the user may change a view."""
        return saved_views.may_change(view, self.viewer)

    def may_delete(self, view: Record) -> bool:
        """Whether the user may delete a view."""
        return saved_views.may_delete(view, self.viewer)


def views_of(asked: Asked) -> Views:
    """Return the views of a table, for what the current request asks of it. Errors: TryAgain, NotReady."""
    user = viewer()
    found = saved_views.views(store(), user, table=asked.table.name, limit=MAX_SHOWN)
    current = next((view for view in found if view.id == asked.view), None)
    return Views(
        viewer=user,
        # One's own before a shared one with the same name.
        seen=sorted(found, key=lambda view: (view.name.lower(), view.author != user.name)),
        current=current,
        lost=tuple(lost(asked)) if current is not None else (),
        is_changed=current is not None and parse_qs(current.query) != parse_qs(asked.query),
        is_gone=bool(asked.view) and current is None,
    )


def lost(asked: Asked) -> Iterator[str]:
    """Yield what the URL asks for and the table does not have."""
    table, given = asked.table, request.args
    known = {
        *SHARED_PARAMETERS,
        *asked.filters,
        *(name for name, _ in table.kept),
        *PLACES,
        "page",
        "view",
        "zone",
    }
    for name in given:
        if name not in known:
            yield f'the filter "{name}"'
    for choice in table.choices:
        value = given.get(choice.name, "")
        if value and value not in {one for one, _ in choice.options}:
            yield f'"{value}" among {choice.label.lower()}'
    columns = {column.name: column for column in table.columns}
    for text in given.getlist("columns"):
        for name in text.split(","):
            if name and name not in columns:
                yield f'the column "{name}"'
    order = given.get("sort", "").removeprefix("-")
    if order and (order not in columns or not columns[order].sorts):
        yield f'the order by "{order}"'
