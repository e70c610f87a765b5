"""The page of the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import make_response, render_template

from rowhouse.api import paging
from rowhouse.auth.guard import least_role
from rowhouse.domain.errors import InvalidRequest
from rowhouse.store.history import audit as rows
from rowhouse.web.audit import differences, query
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store

if TYPE_CHECKING:
    from flask import Response

_SHOWN: Final = 50
_ACTIONS: Final = (
    *(f"pool.{what}" for what in ("create", "update", "delete")),
    *(f"reservation.{what}" for what in ("create", "update", "reassign", "delete")),
    *(f"exclusion.{what}" for what in ("create", "delete")),
    *(f"quota.{what}" for what in ("create", "update", "delete")),
    *(f"token.{what}" for what in ("create", "update")),
    *(f"network.{what}" for what in ("create", "delete")),
)
"""Suggestions for the filter; it accepts other values too."""

__all__ = ["audit", "differences"]


@blueprint.get("/audit")
@least_role("viewer")
def audit() -> Response:
    """Show the entries that match all filters, latest first."""
    values = query.filled()
    try:
        wanted = query.asked(values)
        after = paging.key_of(wanted, query.KEY)
    except InvalidRequest as error:
        return _page(values, [], error=error)
    database = store()
    found = rows.search(database, query.search_of(wanted), after=after, limit=_SHOWN + 1)
    shown = found[:_SHOWN]
    cursor = paging.cursor((shown[-1].at, shown[-1].id)) if len(found) > _SHOWN else None
    return _page(values, shown, cursor=cursor, continued=after is not None)


def _page(
    values: dict[str, str],
    entries: object,
    *,
    cursor: str | None = None,
    continued: bool = False,
    error: InvalidRequest | None = None,
) -> Response:
    wrong = (
        {pointer.rpartition("/")[2]: detail for pointer, detail in error.errors} if error else {}
    )
    page = render_template(
        "audit/page.html",
        values=values,
        shown=query.shown(values),
        entries=entries,
        cursor=cursor,
        continued=continued,
        error=error,
        wrong=wrong,
        actions=_ACTIONS,
    )
    return make_response(page, error.http_status if error else 200)
