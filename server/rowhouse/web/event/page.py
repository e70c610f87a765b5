"""The page of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import render_template, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.domain.events import REASONS, RELEASES
from rowhouse.store.history import events as rows
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.formats import NOTHING
from rowhouse.web.table import Choice, Column, Listed, Table, exported, shown

if TYPE_CHECKING:
    from flask import Response


HELD_BY: Final = Column(
    name="held_by", label="Held by", kind="long", value=lambda row: row.held_by, sorts=False
)
"""Not for teams."""


@blueprint.get("/events")
@least_role("team")
def events() -> str:
    """Show the events, latest first."""
    return render_template("event/page.html", table=shown(_table()))


@blueprint.get("/events.<any(csv,json):suffix>")
@least_role("team")
def events_export(suffix: str) -> Response:
    """Export the events, as the table shows them."""
    return exported(_table(), suffix)


def _table() -> Table:
    path = url_for("web.events")
    seen = namespaces_seen()
    return Table(
        name="events",
        label="Events",
        path=path,
        export=path,
        rows=Listed(store(), rows.listing(seen)),
        sort="-last_at",
        hint="Namespace, pod, node, message, owner",
        empty="Nothing went wrong in the last 30 days.",
        choices=(Choice(name="reason", label="Reason", options=[*REASONS.items()]),),
        columns=(
            Column(name="last_at", label="Last", kind="moment", value=lambda row: row.last_at),
            Column(
                name="reason",
                label=field_name("reason"),
                kind="tag",
                value=lambda row: row.reason,
                text=lambda row: REASONS.get(row.reason, row.reason),
                level=lambda row: "" if row.reason in RELEASES else "warn",
            ),
            Column(name="pod", label="Pod, owner or pool", value=_about, href=_about_url),
            Column(
                name="node",
                label=field_name("node"),
                value=lambda row: row.node,
                text=lambda row: row.node or NOTHING,
                href=lambda row: row.node and url_for("web.node", node=row.node),
            ),
            Column(name="times", label="Times", kind="count", value=lambda row: row.times),
            Column(name="message", label="Message", kind="long", value=lambda row: row.message),
            *((HELD_BY,) if seen is None else ()),
            Column(
                name="first_at",
                label="First",
                kind="moment",
                value=lambda row: row.first_at,
                shown=False,
            ),
        ),
    )


def _about(row: Any) -> str:
    return f"{row.namespace}/{row.pod}" if row.pod else row.pool or "a deleted pool"


def _about_url(row: Any) -> str:
    if row.pod:
        return url_for("web.pod", namespace=row.namespace or "-", name=row.pod)
    if row.pool:
        return url_for("web.pool", pool_id=row.pool_id)
    # It was deleted since.
    return url_for("web.audit", action="pool.delete")
