"""The list of networks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import render_template, url_for

from rowhouse.auth.guard import least_role
from rowhouse.store.inventory import networks as rows
from rowhouse.store.inventory import occupancy
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.words import network
from rowhouse.web.table import Column, InMemory, Table, exported, shown

if TYPE_CHECKING:
    from flask import Response

    from rowhouse.store.connection.reads import Record
    from rowhouse.store.inventory.occupancy import PoolFill

MAX_NETWORKS: Final = 100_000


@dataclass(frozen=True, slots=True)
class _Network:
    row: Record
    pools: list[PoolFill]
    reserved: int

    @property
    def free(self) -> int:
        return sum(pool.free for pool in self.pools)


@blueprint.get("/networks")
@least_role("viewer")
def networks() -> str:
    """Show all networks."""
    return render_template(
        "inventory/list.html",
        table=shown(_table()),
        lead="Within a network, each address has one owner. Where pools overlap, Free counts their addresses twice.",
    )


@blueprint.get("/networks.<any(csv,json):suffix>")
@least_role("viewer")
def networks_export(suffix: str) -> Response:
    """Export the networks, as the table shows them."""
    return exported(_table(), suffix)


def _table() -> Table:
    database = store()
    of_network = defaultdict(list)
    for pool in occupancy.fill_of_pools(database):
        of_network[pool.network_id].append(pool)
    reserved = occupancy.reserved_of_networks(database)
    known = rows.search(database, name=None, after=0, limit=MAX_NETWORKS)
    path = url_for("web.networks")
    return Table(
        name="networks",
        label="Networks",
        path=path,
        export=path,
        rows=InMemory(
            [_Network(row, of_network[row.id], reserved.get(row.id, 0)) for row in known],
            orders={},
        ),
        sort="network",
        hint="Name, or the CIDR of an isolated pool",
        empty="No networks yet. The first pool creates one.",
        columns=(
            Column(
                name="network",
                label="Network",
                value=lambda one: one.row.name,
                text=lambda one: network(one.row.name, title=True),
                href=lambda one: one.pools and url_for("web.network", network_id=one.row.id),
            ),
            Column(
                name="isolated",
                label=field_name("isolated"),
                kind="address",
                value=lambda one: one.row.isolated or "",
            ),
            Column(name="pools", label="Pools", kind="count", value=lambda one: len(one.pools)),
            Column(
                name="reserved",
                label="Reserved",
                kind="count",
                value=lambda one: one.reserved,
            ),
            Column(name="free", label="Free", kind="count", value=lambda one: one.free),
            Column(
                name="created", label="Created", kind="moment", value=lambda one: one.row.created_at
            ),
        ),
    )
