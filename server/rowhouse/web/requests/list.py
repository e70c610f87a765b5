"""The list of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from flask import render_template, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.domain.requesting import State
from rowhouse.store.allocation import requests as rows
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.formats import NOTHING
from rowhouse.web.layout.links import pool_links
from rowhouse.web.layout.owners import owner_url
from rowhouse.web.table import Choice, Column, Listed, Table, exported, shown

if TYPE_CHECKING:
    from flask import Response

LEVELS: Final = {"pending": "warn", "approved": "good", "declined": "bad"}


@blueprint.get("/requests")
@least_role("team")
def requests() -> str:
    """Show the requests for addresses."""
    return render_template("requests/list.html", table=shown(_table()))


@blueprint.get("/requests.<any(csv,json):suffix>")
@least_role("team")
def requests_export(suffix: str) -> Response:
    """Export the requests, as the table shows them."""
    return exported(_table(), suffix)


@blueprint.app_template_filter("granted_owner_url")
def granted_owner_url(request: Any) -> str:
    """Return the path of the owner's page; "" if the request was not approved, so that it holds nothing by it."""
    return owner_url(request) if request.state == "approved" else ""


def _table() -> Table:
    path = url_for("web.requests")
    pool_link = pool_links()
    return Table(
        name="requests",
        label="Requests",
        path=path,
        export=path,
        rows=Listed(store(), rows.of_all().of_namespaces(namespaces_seen())),
        sort="-id",
        hint="Namespace, name, pool, description, requested by",
        empty="No requests yet.",
        choices=(
            Choice(
                name="state",
                label="State",
                options=[(one, one.capitalize()) for one in get_args(State)],
            ),
        ),
        columns=(
            Column(
                name="id",
                label=field_name("id"),
                value=lambda row: row.id,
                text=lambda row: f"#{row.id}",
                href=lambda row: url_for("web.request", request=row.id),
            ),
            Column(
                name="state",
                label=field_name("state"),
                kind="tag",
                value=lambda row: row.state,
                text=lambda row: row.state.capitalize(),
                level=lambda row: LEVELS.get(row.state, ""),
            ),
            Column(
                name="pool",
                label="Pool",
                kind="address",
                value=lambda row: row.pool,
                href=lambda row: pool_link(row.pool_id),
            ),
            Column(
                name="namespace", label=field_name("namespace"), value=lambda row: row.namespace
            ),
            Column(
                name="name",
                label=field_name("name"),
                value=lambda row: row.name,
                href=granted_owner_url,
            ),
            Column(
                name="how_many",
                label=field_name("how_many"),
                kind="count",
                value=lambda row: row.how_many,
            ),
            Column(
                name="description",
                label=field_name("description"),
                kind="long",
                value=lambda row: row.description,
            ),
            Column(
                name="requested_by",
                label=field_name("requested_by"),
                value=lambda row: row.requested_by,
            ),
            Column(
                name="requested_at",
                label=field_name("requested_at"),
                kind="moment",
                value=lambda row: row.requested_at,
            ),
            Column(
                name="decided_by",
                label=field_name("decided_by"),
                value=lambda row: row.decided_by or "",
                text=lambda row: row.decided_by or NOTHING,
            ),
        ),
    )
