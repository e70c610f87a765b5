"""The addresses of a pool as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import render_template, url_for

from rowhouse.auth.guard import least_role
from rowhouse.domain.runs import length
from rowhouse.ipam.missing import missing
from rowhouse.store.inventory import pool_addresses
from rowhouse.store.inventory import pools as rows
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.formats import NOTHING, ago, labels, moment
from rowhouse.web.layout.owners import owner, owner_url
from rowhouse.web.pool.cells import STATES
from rowhouse.web.table import Bulk, Choice, Column, Listed, Table, exported, shown

if TYPE_CHECKING:
    from flask import Response

    from rowhouse.store.connection.reads import Record

LEVELS: Final = {"free": "good", "quarantined": "warn", "excluded": "warn"}


@blueprint.get(f"/pools/<{ID}:pool_id>/addresses")
@least_role("viewer")
def pool_addresses_page(pool_id: int) -> str:
    """Show the addresses of a pool: those in use, free, quarantined and excluded, and its gateways."""
    found = known(pool_id)
    return render_template("pool/table.html", pool=found, row=found, table=shown(_table(found)))


@blueprint.get(f"/pools/<{ID}:pool_id>/addresses.<any(csv,json):suffix>")
@least_role("viewer")
def pool_addresses_export(pool_id: int, suffix: str) -> Response:
    """Export the addresses of a pool, as the table shows them."""
    return exported(_table(known(pool_id)), suffix)


def known(pool_id: int) -> Record:
    """Return a pool with its window. Raises NotFound."""
    row = rows.with_window(store(), pool_id)
    if row is None:
        raise missing("pool", pool_id)
    return row


def _table(pool: Record) -> Table:
    base = url_for("web.address", network_id=pool.network_id, address="")
    states = [(state, STATES[state].capitalize()) for state in pool_addresses.STATES]
    return Table(
        name="pool-addresses",
        label="Addresses",
        path=url_for("web.pool_addresses_page", pool_id=pool.id),
        export=url_for("web.pool_addresses_page", pool_id=pool.id),
        rows=Listed(store(), pool_addresses.of_pool(pool)),
        sort="address",
        hint="Address, prefix, owner, node, container, description, key=value",
        empty="This pool has no assignable addresses.",
        key=_key,
        bulk=(
            Bulk(label="Reserve", path=url_for("web.reserve", pool_id=pool.id), edit=True),
            Bulk(label="Release", path=url_for("web.release_addresses", pool_id=pool.id)),
            Bulk(label="Label", path=url_for("web.label_addresses", pool_id=pool.id), edit=True),
            Bulk(label="Exclude", path=url_for("web.exclude", pool_id=pool.id), edit=True),
        ),
        choices=(Choice(name="state", label="State", options=states),),
        columns=(
            Column(
                name="address",
                label=field_name("address"),
                kind="address",
                value=lambda row: row.address,
                text=lambda row: (
                    row.address
                    if row.address == row.last
                    else f"{row.address} {NOTHING} {row.last}"
                ),
                href=lambda row: f"{base}{row.address}",
            ),
            Column(
                name="last",
                label=field_name("last"),
                kind="address",
                value=lambda row: row.last,
                sorts=False,
                shown=False,
            ),
            Column(
                name="count",
                label="Addresses",
                kind="count",
                value=lambda row: length((row.address, row.last)),
                sorts=False,
                shown=False,
            ),
            Column(
                name="state",
                label=field_name("state"),
                kind="tag",
                value=lambda row: row.state,
                text=lambda row: STATES[row.state],
                level=lambda row: LEVELS.get(row.state, ""),
            ),
            *held_columns(),
        ),
    )


NODE: Final = Column(
    name="node",
    label=field_name("node"),
    value=lambda row: row.node,
    href=lambda row: row.node and url_for("web.node", node=row.node),
)
CONTAINER: Final = Column(
    name="container_id",
    label=field_name("container_id"),
    value=lambda row: row.container_id,
    text=lambda row: row.container_id[:12],
    kind="address",
    shown=False,
)
MAC: Final = Column(
    name="mac",
    label=field_name("mac"),
    kind="address",
    value=lambda row: row.mac or "",
    sorts=False,
    shown=False,
)


def held_columns() -> tuple[Column, ...]:
    """Return the columns about the owner of an address."""
    return (
        Column(name="owner", label="Owner", value=owner, href=owner_url),
        Column(
            name="interface",
            label=field_name("interface"),
            value=lambda row: row.interface,
            shown=False,
        ),
        Column(
            name="cluster", label=field_name("cluster"), value=lambda row: row.cluster, shown=False
        ),
        NODE,
        CONTAINER,
        MAC,
        Column(
            name="since",
            label=field_name("since"),
            kind="moment",
            value=lambda row: row.since,
            text=_since,
        ),
        Column(
            name="until",
            label="Until",
            kind="moment",
            value=lambda row: row.until,
            text=_until,
            shown=False,
        ),
        Column(
            name="description",
            label=field_name("description"),
            kind="long",
            value=lambda row: row.description or "",
        ),
        Column(
            name="labels",
            label=field_name("labels"),
            value=lambda row: labels(row.labels),
            sorts=False,
        ),
    )


def _key(row: Any) -> str:
    if row.state == "gateway":
        return ""
    return str(row.address) if row.address == row.last else f"{row.address}-{row.last}"


def _since(row: Any) -> str:
    return ago(row.since) if row.since else ""


def _until(row: Any) -> str:
    return moment(row.until) if row.until else ""
