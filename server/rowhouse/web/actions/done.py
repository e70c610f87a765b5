"""The result of an action: its entries in the audit log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from flask import render_template, request

from rowhouse.auth.caller import current_caller
from rowhouse.auth.guard import least_role
from rowhouse.store.history import audit
from rowhouse.web.actions.undo import undo
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.session.target import local

if TYPE_CHECKING:
    from rowhouse.store.connection.reads import Record

_RECENT: Final = timedelta(hours=1)
_MAX_ENTRIES: Final = 20


@blueprint.get("/done/<request_id>")
@least_role("operator")
def done(request_id: str) -> str:
    """Show the audit entries of one request of the current user."""
    found = _entries(request_id)
    return render_template(
        "actions/done.html",
        entries=found[:_MAX_ENTRIES],
        more=len(found) > _MAX_ENTRIES,
        request_id=request_id,
        undo=undo(store(), found[0]) if len(found) == 1 else None,
        back=local(request.args.get("back", "/")),
    )


def _entries(request_id: str) -> list[Record]:
    # The index covers the time: without it, the query would scan the whole log.
    wanted = audit.Search(
        actor=current_caller().name, request_id=request_id, since=datetime.now(UTC) - _RECENT
    )
    return list(audit.search(store(), wanted, after=None, limit=_MAX_ENTRIES + 1))
