"""The list of pods and other owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.store.inventory import owner_list
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.formats import NOTHING
from rowhouse.web.layout.owners import owner_url
from rowhouse.web.table import Choice, Column, Listed, Table, exported, shown

if TYPE_CHECKING:
    from flask import Response


@blueprint.get("/pods")
@least_role("team")
def pods() -> str:
    """Show the pods and other owners that hold addresses."""
    return render_template("pod/list.html", table=shown(_table()))


@blueprint.get("/pods.<any(csv,json):suffix>")
@least_role("team")
def pods_export(suffix: str) -> Response:
    """Export the owners, as the table shows them."""
    return exported(_table(), suffix)


def _table() -> Table:
    path = url_for("web.pods")
    return Table(
        name="pods",
        label="Pods and other owners",
        path=path,
        export=path,
        rows=Listed(store(), owner_list.OwnerList(namespaces_seen())),
        sort="owner",
        hint="Namespace, name, node, address",
        empty="No pod holds an address.",
        choices=(Choice(name="owner_kind", label="Kind", options=[*owner_list.KINDS.items()]),),
        columns=(
            Column(
                name="owner",
                label="Owner",
                value=lambda row: f"{row.namespace}/{row.name}" if row.namespace else row.name,
                href=owner_url,
            ),
            Column(
                name="owner_kind",
                label=field_name("owner_kind"),
                value=lambda row: row.owner_kind,
                text=lambda row: owner_list.KINDS.get(row.owner_kind, row.owner_kind),
            ),
            Column(
                name="addresses",
                label=field_name("addresses"),
                kind="count",
                value=lambda row: row.addresses,
            ),
            Column(
                name="address",
                label="Lowest address",
                kind="address",
                value=lambda row: row.address,
                href=lambda row: (
                    url_for("web.address", network_id=row.network_id, address=row.address)
                    if row.addresses == 1
                    else ""
                ),
            ),
            Column(
                name="node",
                label=field_name("node"),
                value=lambda row: row.node,
                text=lambda row: row.node or NOTHING,
                href=lambda row: row.node and url_for("web.node", node=row.node),
            ),
            Column(
                name="cluster",
                label=field_name("cluster"),
                value=lambda row: row.cluster,
                shown=False,
            ),
            Column(
                name="since", label=field_name("since"), kind="moment", value=lambda row: row.since
            ),
        ),
    )
