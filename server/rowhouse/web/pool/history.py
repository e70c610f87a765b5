"""The history and the audit log of a pool as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import make_response, render_template, url_for

from rowhouse.auth.guard import least_role
from rowhouse.store.history import pool_lists
from rowhouse.web.address.tenures import ENDS, STARTS
from rowhouse.web.audit.page import FIELDS, columns
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.formats import moment, number, span
from rowhouse.web.layout.owners import owner, owner_url
from rowhouse.web.layout.zone import zone_name
from rowhouse.web.pool.addresses import CONTAINER, MAC, NODE, known
from rowhouse.web.table import PERIOD, Choice, Column, Listed, Table, exported, shown

if TYPE_CHECKING:
    from flask import Response

    from rowhouse.store.connection.reads import Record


_STARTS: Final = [(code, words[0].upper() + words[1:]) for code, words in STARTS.items()]
_ENDS: Final = [
    (pool_lists.IN_USE, "Not yet: in use"),
    *((code, words[0].upper() + words[1:]) for code, words in ENDS.items()),
]
_LATEST: Final = (
    f"This pool has a long history: these are its latest entries, at most {number(pool_lists.MAX_TENURES)} among the"
    f" latest {number(pool_lists.MAX_SCANNED)} of all pools, and its present owners. The page of an address has all of"
    " its history."
)


@blueprint.get(f"/pools/<{ID}:pool_id>/history")
@least_role("viewer")
def pool_history(pool_id: int) -> Response:
    """Show the owners that the addresses of a pool had, latest first."""
    pool = known(pool_id)
    is_long = pool_lists.has_long_history(store(), pool)
    return _page(pool, _history(pool, is_long=is_long), _LATEST if is_long else "")


@blueprint.get(f"/pools/<{ID}:pool_id>/history.<any(csv,json):suffix>")
@least_role("viewer")
def pool_history_export(pool_id: int, suffix: str) -> Response:
    """Export the latest history of a pool, as the table shows it."""
    pool = known(pool_id)
    is_long = pool_lists.has_long_history(store(), pool)
    return exported(_history(pool, is_long=is_long), suffix)


@blueprint.get(f"/pools/<{ID}:pool_id>/audit")
@least_role("viewer")
def pool_audit(pool_id: int) -> Response:
    """Show the changes of a pool and of its addresses that people and tools made, latest first."""
    pool = known(pool_id)
    note = f"From the latest {number(pool_lists.MAX_ENTRIES)} entries of the audit log. What pods did is history."
    return _page(pool, _audit(pool), note)


@blueprint.get(f"/pools/<{ID}:pool_id>/audit.<any(csv,json):suffix>")
@least_role("viewer")
def pool_audit_export(pool_id: int, suffix: str) -> Response:
    """Export the latest audit entries of a pool, as the table shows them."""
    return exported(_audit(known(pool_id)), suffix)


def _page(pool: Record, table: Table, note: str) -> Response:
    found = shown(table)
    page = render_template("pool/table.html", pool=pool, row=pool, table=found, note=note)
    return make_response(page, found.status)


def _history(pool: Record, *, is_long: bool) -> Table:
    path = url_for("web.pool_history", pool_id=pool.id)
    return Table(
        name="pool-history",
        label="History",
        path=path,
        export=path,
        rows=Listed(store(), pool_lists.tenures(pool, is_long=is_long)),
        sort="-since",
        hint="Address, prefix, owner, node, container, actor",
        empty="No address of this pool has had an owner yet.",
        choices=(
            Choice(name="start", label="Started", options=_STARTS),
            Choice(name="end", label="Ended", options=_ENDS),
        ),
        fields=PERIOD,
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
            Column(name="owner", label="Owner", value=owner, href=owner_url),
            Column(
                name="since",
                label=f"From ({zone_name()})",
                kind="moment",
                value=lambda row: row.since,
                text=lambda row: moment(row.since),
            ),
            Column(
                name="until",
                label=f"Until ({zone_name()})",
                kind="moment",
                value=lambda row: row.until,
                text=lambda row: moment(row.until) if row.until else "now",
            ),
            Column(name="lasted", label="Lasted", value=_seconds, text=_lasted, sorts=False),
            NODE,
            Column(
                name="start_reason",
                label=field_name("start_reason"),
                value=lambda row: row.start_reason,
                text=lambda row: f"{row.started_by}, {row.start_reason}",
                shown=False,
            ),
            Column(
                name="end_reason",
                label=field_name("end_reason"),
                value=lambda row: row.end_reason or "",
                text=lambda row: f"{row.ended_by}, {row.end_reason}" if row.end_reason else "",
            ),
            CONTAINER,
            MAC,
        ),
    )


def _audit(pool: Record) -> Table:
    path = url_for("web.pool_audit", pool_id=pool.id)
    return Table(
        name="pool-changes",
        label="Audit",
        path=path,
        export=path,
        rows=Listed(store(), pool_lists.audit_entries(pool)),
        sort="-at",
        hint="Actor, action, address, value, request",
        empty="No person or tool has changed this pool or its addresses lately.",
        fields=FIELDS,
        columns=columns(sorts=True),
    )


def _seconds(row: Any) -> float:
    lasted: timedelta = (row.until or datetime.now(UTC)) - row.since
    return round(lasted.total_seconds(), 3)


def _lasted(row: Any) -> str:
    return span((row.until or datetime.now(UTC)) - row.since)
