"""The list of exclusions."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from flask import render_template, url_for

from rowhouse.auth.guard import least_role
from rowhouse.store.inventory import exclusion_list
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.words import network
from rowhouse.web.table import Column, Listed, Table, exported, shown

if TYPE_CHECKING:
    from flask import Response


@blueprint.get("/exclusions")
@least_role("viewer")
def exclusions() -> str:
    """Show all exclusions."""
    return render_template(
        "inventory/list.html",
        table=shown(_table()),
        lead="Addresses that are never assigned. Addresses already in use stay assigned until they are released.",
    )


@blueprint.get("/exclusions.<any(csv,json):suffix>")
@least_role("viewer")
def exclusions_export(suffix: str) -> Response:
    """Export the exclusions, as the table shows them."""
    return exported(_table(), suffix)


def _table() -> Table:
    path = url_for("web.exclusions")
    return Table(
        name="exclusions",
        label="Exclusions",
        path=path,
        export=path,
        rows=Listed(store(), exclusion_list.of_all_networks()),
        sort="first",
        hint="Address, prefix, network, reason",
        empty="No address is excluded.",
        columns=(
            Column(
                name="first",
                label=field_name("first"),
                kind="address",
                value=lambda row: row.first,
                href=lambda row: url_for(
                    "web.address", network_id=row.network_id, address=row.first
                ),
            ),
            Column(
                name="last", label=field_name("last"), kind="address", value=lambda row: row.last
            ),
            Column(
                name="addresses",
                label=field_name("addresses"),
                kind="count",
                value=_count,
                sorts=False,
            ),
            Column(
                name="network",
                label="Network",
                value=lambda row: row.network,
                text=lambda row: network(row.network),
            ),
            Column(
                name="reason", label=field_name("reason"), kind="long", value=lambda row: row.reason
            ),
            Column(
                name="in_use",
                label="Still in use",
                kind="count",
                value=lambda row: row.in_use,
                sorts=False,
            ),
            Column(name="created", label="Created", kind="moment", value=lambda row: row.created),
        ),
    )


def _count(row: Any) -> int:
    return int(ip_address(row.last)) - int(ip_address(row.first)) + 1
