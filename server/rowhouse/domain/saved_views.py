"""Saved views: the tables of the pages that can have them, and the query strings that they accept.

The pages define their tables; `TABLES` repeats the parameters, so that the API and the command line, which know no
page, refuse what no table understands. A test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

MAX_NAME: Final = 80
"""Characters of the name of a view."""

MAX_QUERY: Final = 2000
"""Characters of the query string of a view."""

MAX_VIEWS: Final = 100
"""The views that one caller can save; the database refuses more."""

SHARED_PARAMETERS: Final = ("q", "sort", "columns", "rows")
"""The parameters of every table: the words of the filter, the order, the columns, the rows of a page."""

_PERIOD: Final = ("since", "until")
_AUDIT: Final = ("actor", "action", *_PERIOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewedTable:
    """A table: its title, the path of its page ("" if each pool has one), its filters, and whether teams may open it.

    `moments` are its columns with times, which its exports write as RFC 3339.
    """

    title: str
    path: str = ""
    filters: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    is_for_teams: bool = False


TABLES: Final = {
    "pools": ViewedTable(
        title="Pools",
        path="/pools",
        filters=("network",),
        moments=("created",),
        is_for_teams=True,
    ),
    "networks": ViewedTable(title="Networks", path="/networks", moments=("created",)),
    "exclusions": ViewedTable(title="Exclusions", path="/exclusions", moments=("created",)),
    "quotas": ViewedTable(title="Quotas", path="/quotas", is_for_teams=True),
    "reservations": ViewedTable(
        title="Reservations",
        path="/reservations",
        filters=("state", "network"),
        moments=("since", "until"),
        is_for_teams=True,
    ),
    "pods": ViewedTable(
        title="Pods and other owners",
        path="/pods",
        filters=("owner_kind",),
        moments=("since",),
        is_for_teams=True,
    ),
    "requests": ViewedTable(
        title="Requests",
        path="/requests",
        filters=("state",),
        moments=("requested_at",),
        is_for_teams=True,
    ),
    "nodes": ViewedTable(
        title="Nodes", path="/nodes", filters=("state", "cluster"), moments=("last_seen",)
    ),
    "events": ViewedTable(
        title="Events",
        path="/events",
        filters=("reason",),
        moments=("last_at", "first_at"),
        is_for_teams=True,
    ),
    "audit": ViewedTable(
        title="Audit",
        path="/audit",
        filters=(*_AUDIT, "object", "network", "cluster", "request_id"),
        moments=("at",),
    ),
    "views": ViewedTable(
        title="Views",
        path="/views",
        filters=("table", "whose"),
        moments=("saved_at",),
        is_for_teams=True,
    ),
    "pool-addresses": ViewedTable(title="Addresses of a pool", filters=("state",)),
    "pool-history": ViewedTable(title="History of a pool", filters=("start", "end", *_PERIOD)),
    "pool-changes": ViewedTable(title="Audit of a pool", filters=_AUDIT),
}
"""The tables, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """The caller whose views are meant: its name, and what it may do.

    A team sees only the views of the tables that it may open. An operator shares views, and can list and delete those
    of all authors, but reads no query of a private one. An administrator can change every shared view.
    """

    name: str
    is_team: bool = False
    is_operator: bool = False
    is_admin: bool = False

    def may_see(self, table: str) -> bool:
        """Whether the caller may open the page of a table."""
        return not self.is_team or (table in TABLES and TABLES[table].is_for_teams)


def checked_query(table: str, text: str) -> str:
    """Return a query string as a view stores it: only filled parameters that the table has.

    Raises ValueError: it is too long, it names what the table does not have, or it has a parameter twice.
    """
    if len(text) > MAX_QUERY:
        raise ValueError(f"at most {MAX_QUERY:,} characters")
    known = (*SHARED_PARAMETERS, *TABLES[table].filters)
    found: dict[str, str] = {}
    for name, value in parse_qsl(text.removeprefix("?")):
        if name not in known:
            raise ValueError(f"{table} has no parameter {name!r}; it has {', '.join(known)}")
        if name in found:
            raise ValueError(f"{name!r} is given more than once")
        if not value.isprintable():
            raise ValueError(f"{name!r} contains a control character")
        found[name] = value
    made = urlencode(found)
    if len(made) > MAX_QUERY:
        raise ValueError(f"at most {MAX_QUERY:,} characters")
    return made


def path_of(table: str, query: str | None) -> str | None:
    """Return path and query of the page that shows a view; None if each pool has one, or if the query is private."""
    page = TABLES[table].path if table in TABLES else ""
    if not page or query is None:
        return None
    return f"{page}?{query}" if query else page


def opened(path: str, query: str, view_id: int) -> str:
    """Return the URL of a table's page with a view open: the page then says so, and what of the view is gone."""
    return f"{path}?{query}{'&' if query else ''}view={view_id}"
