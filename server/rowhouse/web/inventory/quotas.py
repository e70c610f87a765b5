"""The list of quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import render_template, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.store.inventory import quotas as rows
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.inventory.pools import cidr_order
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.table import Column, InMemory, Table, exported, shown

if TYPE_CHECKING:
    from flask import Response

MAX_QUOTAS: Final = 100_000
FULL: Final = 100
NEARLY_FULL: Final = 80
"""Percent."""


@blueprint.get("/quotas")
@least_role("team")
def quotas() -> str:
    """Show all quotas."""
    return render_template(
        "inventory/list.html",
        table=shown(_table()),
        lead="The number of addresses that a namespace can hold, in one pool or in all pools together.",
    )


@blueprint.get("/quotas.<any(csv,json):suffix>")
@least_role("team")
def quotas_export(suffix: str) -> Response:
    """Export the quotas, as the table shows them."""
    return exported(_table(), suffix)


def _table() -> Table:
    path = url_for("web.quotas")
    known = rows.search(
        store(),
        namespace=None,
        pool_id=None,
        namespaces=namespaces_seen(),
        after=0,
        limit=MAX_QUOTAS,
    )
    return Table(
        name="quotas",
        label="Quotas",
        path=path,
        export=path,
        rows=InMemory(
            known,
            orders={"pool": lambda row: (0, 0, 0) if row.pool is None else cidr_order(row.pool)},
        ),
        sort="-used",
        hint="Namespace, pool",
        empty="No namespace has a quota.",
        columns=(
            Column(
                name="namespace",
                label=field_name("namespace"),
                value=lambda row: row.namespace,
                href=lambda row: url_for("web.pods", q=f"{row.namespace}/"),
            ),
            Column(
                name="pool",
                label="Pool",
                kind="address",
                value=lambda row: row.pool or "",
                text=lambda row: row.pool or "all pools",
                href=lambda row: row.pool and url_for("web.pool", pool_id=row.pool_id),
            ),
            Column(name="addresses", label="Limit", kind="count", value=lambda row: row.addresses),
            Column(name="in_use", label="In use", kind="count", value=lambda row: row.in_use),
            Column(
                name="used",
                label="Used %",
                kind="tag",
                value=_share,
                text=lambda row: f"{_share(row)}\u202f%",
                level=_level,
            ),
        ),
    )


def _share(row: Any) -> int:
    return round(100 * row.in_use / row.addresses) if row.addresses else FULL


def _level(row: Any) -> str:
    share = _share(row)
    return "bad" if share >= FULL else "warn" if share >= NEARLY_FULL else ""
