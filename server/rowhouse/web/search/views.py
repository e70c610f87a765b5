"""Saved views among the results of a search, and in the palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import url_for

from rowhouse.api.views import viewer
from rowhouse.domain.saved_views import TABLES, opened
from rowhouse.ipam import saved_views
from rowhouse.web.database import store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.reads import Record

_MAX_READ: Final = 10_000
_POOL_PAGES: Final = {
    "pool-addresses": "web.pool_addresses_page",
    "pool-history": "web.pool_history",
    "pool-changes": "web.pool_audit",
}
"""The pages of the tables that each pool has."""


@dataclass(frozen=True, slots=True)
class FoundView:
    """A view as a result: "name → table", its author if it is another's, and the page that shows it."""

    label: str
    note: str
    url: str


def matching(text: str, *, pool_id: int | None = None) -> Sequence[FoundView]:
    """Return the views that the user sees and whose "view: name → table" has every word of a text, by name.

    Views of the tables of a pool are for `pool_id`; without it, they are left out. Errors: TryAgain, NotReady.
    """
    user = viewer()
    words = text.lower().split()
    found = []
    for view in saved_views.views(store(), user, limit=_MAX_READ):
        url = _url(view, pool_id)
        if url:
            label = f"{view.name} → {TABLES[view.table_name].title}"
            if all(word in f"view: {label}".lower() for word in words):
                note = "" if view.author == user.name else f"shared by {view.author}"
                found.append(FoundView(label, note, url))
    return sorted(found, key=lambda one: one.label.lower())


def _url(view: Record, pool_id: int | None) -> str:
    page = _POOL_PAGES.get(view.table_name)
    if page is None:
        path = TABLES[view.table_name].path if view.table_name in TABLES else ""
    else:
        path = "" if pool_id is None else url_for(page, pool_id=pool_id)
    return opened(path, view.query, view.id) if path else ""
