"""The page of the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import make_response, render_template, url_for

from rowhouse.auth.guard import least_role
from rowhouse.web.audit.differences import differences, in_short
from rowhouse.web.audit.entries import Entries
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.formats import moment, number
from rowhouse.web.layout.words import network
from rowhouse.web.layout.zone import zone_name
from rowhouse.web.table import PERIOD, Column, Field, Table, shown

if TYPE_CHECKING:
    from flask import Response

ACTIONS: Final = (
    *(f"pool.{what}" for what in ("create", "update", "delete")),
    *(f"reservation.{what}" for what in ("create", "update", "reassign", "delete")),
    *(f"exclusion.{what}" for what in ("create", "delete")),
    *(f"quota.{what}" for what in ("create", "update", "delete")),
    *(f"token.{what}" for what in ("create", "update")),
    *(f"network.{what}" for what in ("create", "delete")),
)
"""Suggestions for the filter; it accepts other values too."""

FIELDS: Final = (
    Field(name="actor", label="Actor"),
    Field(name="action", label="Action", options=ACTIONS, placeholder="pool.update"),
    *PERIOD,
)
"""The filters by actor, kind and time."""

__all__ = ["audit"]


@blueprint.get("/audit")
@least_role("viewer")
def audit() -> Response:
    """Show the entries that match all filters, latest first."""
    table = shown(log())
    return make_response(render_template("audit/page.html", table=table), table.status)


def log() -> Table:
    """Return the table of the whole log."""
    path = url_for("web.audit")
    at, actor, action, name, change, *more = columns()
    return Table(
        name="audit",
        label="Audit",
        path=path,
        export=path,
        rows=Entries(store()),
        sort="-at",
        hint="Actor, action, object, value, request",
        empty="No manual changes yet. The ADDs and DELs of pods are in the history of each address.",
        fields=(
            *FIELDS,
            Field(name="object", label="Object", placeholder="10.0.0.7"),
            Field(name="network", label="Network"),
            Field(name="cluster", label="Cluster"),
            Field(name="request_id", label="Request"),
        ),
        columns=(at, actor, action, name, _NETWORK, change, *more),
    )


def columns(*, sorts: bool = False) -> tuple[Column, ...]:
    """Return the columns of an entry; `sorts`: by actor, action and object too."""
    return (
        Column(
            name="at",
            label=f"Time ({zone_name()})",
            kind="moment",
            value=lambda row: row.at,
            text=lambda row: moment(row.at),
        ),
        Column(name="actor", label=field_name("actor"), value=lambda row: row.actor, sorts=sorts),
        Column(name="action", label="Action", value=lambda row: row.action, sorts=sorts),
        Column(
            name="object",
            label="Object",
            kind="address",
            value=lambda row: row.object,
            text=_object,
            href=lambda row: url_for("web.audit_object", entry_id=row.id),
            sorts=sorts,
        ),
        Column(
            name="change",
            label="Change",
            kind="long",
            value=in_short,
            details=differences,
            sorts=False,
        ),
        Column(
            name="rows",
            label="Rows",
            kind="count",
            value=lambda row: row.row_count,
            sorts=False,
            shown=False,
        ),
        Column(
            name="request_id",
            label="Request",
            kind="address",
            value=lambda row: row.request_id or "",
            href=lambda row: row.request_id and url_for("web.audit", request_id=row.request_id),
            sorts=False,
            shown=False,
        ),
    )


_NETWORK: Final = Column(
    name="network",
    label="Network",
    value=lambda row: row.network,
    text=lambda row: "" if row.network is None else network(row.network),
    sorts=False,
)


def _object(row: Any) -> str:
    if row.row_count > 1:
        return f"{row.object}, {number(row.row_count)} rows; the first is shown"
    return str(row.object)
