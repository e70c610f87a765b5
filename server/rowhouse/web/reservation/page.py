"""The list of all reservations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import render_template, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.store.inventory import networks, pools, reservation_list
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.words import network
from rowhouse.web.pool.addresses import held_columns
from rowhouse.web.pool.cells import STATES
from rowhouse.web.session.account import opened
from rowhouse.web.table import Bulk, Choice, Column, Listed, Table, exported, shown

if TYPE_CHECKING:
    from collections.abc import Collection

    from flask import Response

    from rowhouse.store.connection.database import Database

MAX_NETWORKS: Final = 500


@blueprint.get("/reservations")
@least_role("team")
def reservations() -> str:
    """Show the reservations of all pools."""
    return render_template("reservation/page.html", table=shown(_table()))


@blueprint.get("/reservations.<any(csv,json):suffix>")
@least_role("team")
def reservations_export(suffix: str) -> Response:
    """Export the reservations, as the table shows them."""
    return exported(_table(), suffix)


def _networks(database: Database, seen: Collection[str] | None) -> list[tuple[str, str]]:
    """Return (id, name) of the networks to choose from: of a team, those of the pools that it uses."""
    if seen is None:
        known = networks.search(database, name=None, after=0, limit=MAX_NETWORKS)
        names = {(row.name, row.id) for row in known}
    else:
        used = pools.search(
            database, pools.Search(namespaces=tuple(seen)), after=0, limit=MAX_NETWORKS
        )
        names = {(row.network_name, row.network_id) for row in used}
    titled = sorted((network(name, title=True), str(number)) for name, number in names)
    return [(number, name) for name, number in titled]


def _table() -> Table:
    database = store()
    seen = namespaces_seen()
    path = url_for("web.reservations")
    return Table(
        name="reservations",
        label="Reservations",
        path=path,
        export=path,
        rows=Listed(database, reservation_list.of_all_pools().of_namespaces(seen)),
        sort="address",
        hint="Address, prefix, owner, node, container, description, key=value",
        empty="No address is in use.",
        key=lambda row: f"{row.network_id}/{row.address}",
        bulk=(
            Bulk(label="Release", path=url_for("web.release_reservations")),
            Bulk(label="Label", path=url_for("web.label_reservations"), edit=True),
        ),
        choices=(
            Choice(
                name="state",
                label="State",
                options=[(one, STATES[one].capitalize()) for one in reservation_list.HELD_STATES],
            ),
            Choice(name="network", label="Network", options=_networks(database, seen)),
        ),
        columns=(
            Column(
                name="address",
                label=field_name("address"),
                kind="address",
                value=lambda row: row.address,
                href=lambda row: url_for(
                    "web.address", network_id=row.network_id, address=row.address
                ),
            ),
            Column(
                name="state",
                label=field_name("state"),
                kind="tag",
                value=lambda row: row.state,
                text=lambda row: STATES[row.state],
            ),
            Column(
                name="pool",
                label="Pool",
                kind="address",
                value=lambda row: row.pool,
                href=lambda row: (
                    opened(url_for("web.pool_addresses_page", pool_id=row.pool_id))
                    or url_for("web.pool", pool_id=row.pool_id)
                ),
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
