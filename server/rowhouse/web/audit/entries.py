"""The entries of the audit log as the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rowhouse.domain.networks import DEFAULT_NETWORK
from rowhouse.store.connection.listing import Page
from rowhouse.store.history import audit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.listing import Wanted
    from rowhouse.store.connection.places import Place
    from rowhouse.web.table import Column

_PART: Final = 100
"""About 64 KiB of text, as much as the server buffers for a client."""


@dataclass(frozen=True, slots=True)
class Entries:
    """All entries of the log, by time. They are not counted: a log has millions, and one page is shown."""

    database: Database

    def page(
        self,
        columns: Sequence[Column],  # noqa: ARG002 - the log knows its own
        wanted: Wanted,
        *,
        offset: int,
        limit: int,
        place: Place | None = None,  # noqa: ARG002 - the log is read in the order of its index
    ) -> Page:
        """Return a page, and whether more entries follow."""
        found = audit.page(
            self.database,
            search_of(wanted),
            words=wanted.words,
            descending=wanted.descending,
            offset=offset,
            limit=limit + 1,
        )
        is_more = len(found) > limit
        return Page(rows=found[:limit], total=offset + min(len(found), limit), is_more=is_more)

    def parts(self, columns: Sequence[Column], wanted: Wanted) -> Iterator[Sequence[Any]]:
        """Yield all rows, the latest first; between two parts, this holds no connection."""
        if wanted.words:
            yield self.page(columns, wanted, offset=0, limit=audit.MAX_SEARCHED).rows
            return
        search, after = search_of(wanted), None
        while True:
            found = audit.search(self.database, search, after=after, limit=_PART)
            yield found
            if len(found) < _PART:
                return
            after = (found[-1].at, found[-1].id)


def search_of(wanted: Wanted) -> audit.Search:
    """Return the filters as a search of the log."""
    exact = dict(wanted.equal)
    if exact.get("network") == DEFAULT_NETWORK:
        exact["network"] = ""
    return audit.Search(since=wanted.since, until=wanted.until, **exact)
