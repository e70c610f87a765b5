"""The list of all reservations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import render_template, url_for

from rowhouse.auth.guard import least_role
from rowhouse.store.inventory import networks, reservation_list
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.words import network
from rowhouse.web.pool.addresses import held_columns
from rowhouse.web.pool.cells import STATES
from rowhouse.web.table import Bulk, Choice, Column, Listed, Table, exported, shown

if TYPE_CHECKING:
    from flask import Response

MAX_NETWORKS: Final = 500


@blueprint.get("/reservations")
@least_role("viewer")
def reservations() -> str:
    """Show the reservations of all pools."""
    return render_template("reservation/page.html", table=shown(_table()))


@blueprint.get("/reservations.<any(csv,json):suffix>")
@least_role("viewer")
def reservations_export(suffix: str) -> Response:
    """Export the reservations, as the table shows them."""
    return exported(_table(), suffix)


def _table() -> Table:
    database = store()
    known = networks.search(database, name=None, after=0, limit=MAX_NETWORKS)
    names = sorted((network(row.name, title=True), str(row.id)) for row in known)
    path = url_for("web.reservations")
    return Table(
        name="reservations",
        label="Reservations",
        path=path,
        export=path,
        rows=Listed(database, reservation_list.of_all_pools()),
        sort="address",
        hint="Address, prefix, owner, node, container, description",
        empty="No address is in use.",
        key=lambda row: f"{row.network_id}/{row.address}",
        bulk=(Bulk(label="Release", path=url_for("web.release_reservations")),),
        choices=(
            Choice(
                name="state",
                label="State",
                options=[(one, STATES[one].capitalize()) for one in reservation_list.HELD_STATES],
            ),
            Choice(
                name="network", label="Network", options=[(number, name) for name, number in names]
            ),
        ),
        columns=(
            Column(
                name="address",
                label="Address",
                kind="address",
                value=lambda row: row.address,
                href=lambda row: url_for(
                    "web.address", network_id=row.network_id, address=row.address
                ),
            ),
            Column(
                name="state",
                label="State",
                kind="tag",
                value=lambda row: row.state,
                text=lambda row: STATES[row.state],
            ),
            Column(
                name="pool",
                label="Pool",
                kind="address",
                value=lambda row: row.pool,
                href=lambda row: url_for("web.pool_addresses_page", pool_id=row.pool_id),
            ),
            Column(
                name="network",
                label="Network",
                value=lambda row: row.network,
                text=lambda row: network(row.network),
                shown=False,
            ),
            *held_columns(),
        ),
    )
