"""The list of pools."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final

from flask import render_template, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.store.inventory import occupancy
from rowhouse.store.inventory import pools as rows
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.formats import number, percent, span
from rowhouse.web.layout.words import network
from rowhouse.web.overview.figures import PoolFigures
from rowhouse.web.table import Choice, Column, InMemory, Table, exported, shown

if TYPE_CHECKING:
    from flask import Response

    from rowhouse.store.connection.reads import Record

MAX_POOLS: Final = 100_000


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool with its figures, and its row."""

    figures: PoolFigures
    row: Record

    @property
    def labels(self) -> str:
        """The labels, as text."""
        return ", ".join(f"{key}={value}" for key, value in sorted(self.row.labels.items()))


@blueprint.get("/pools")
@least_role("team")
def pools() -> str:
    """Show all pools."""
    table = shown(_table())
    lead = "A row for each pool. The tree shows how prefixes contain each other, and what is free between them."
    return render_template("inventory/list.html", table=table, lead=lead)


@blueprint.get("/pools.<any(csv,json):suffix>")
@least_role("team")
def pools_export(suffix: str) -> Response:
    """Export the pools, as the table shows them."""
    return exported(_table(), suffix)


def found() -> list[PoolRow]:
    """Return the pools that the user may see. Two statements."""
    database = store()
    seen = namespaces_seen()
    wanted = rows.Search(namespaces=seen)
    known = {row.id: row for row in rows.search(database, wanted, after=0, limit=MAX_POOLS)}
    return [
        PoolRow(PoolFigures.of(pool), known[pool.id])
        for pool in occupancy.of_pools(database, None if seen is None else known)
        if pool.id in known
    ]


def contains(pool: PoolRow, word: str) -> bool:
    """Whether a word is an address of a pool."""
    address = _address(word)
    if address is None:
        return False
    cidr = _cidr(pool.figures.pool.cidr)
    return address.version == cidr.version and address in cidr


@lru_cache(maxsize=16)
def _address(word: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(word)
    except ValueError:
        return None


_cidr = lru_cache(maxsize=4096)(ip_network)


def cidr_order(cidr: str) -> tuple[int, int, int]:
    """Return the sort key of a CIDR: IPv4 first, then by address, larger ones first."""
    known = _cidr(cidr)
    return known.version, int(known.network_address), known.prefixlen


def _table() -> Table:
    listed = found()
    path = url_for("web.pools")
    names = {str(one.figures.pool.network_id): one.figures.pool.network for one in listed}
    networks = sorted((network(name, title=True), number) for number, name in names.items())

    def counted(name: str, label: str, *, is_shown: bool = True) -> Column:
        return Column(
            name=name,
            label=label,
            kind="count",
            value=lambda one: getattr(one.figures.pool, name),
            text=lambda one: number(getattr(one.figures.pool, name)),
            shown=is_shown,
        )

    return Table(
        name="pools",
        label="Pools",
        path=path,
        export=path,
        rows=InMemory(
            listed,
            orders={
                "pool": lambda one: cidr_order(one.figures.pool.cidr),
                "full": lambda one: one.figures.full_in,
            },
            equal={"network": lambda one: str(one.figures.pool.network_id)},
            matches=contains,
        ),
        sort="pool",
        hint="CIDR, an address in it, name, network, label, description",
        empty="No pools yet. The first pod that requests an address creates one.",
        choices=(
            Choice(
                name="network",
                label="Network",
                options=[(number, name) for name, number in networks],
            ),
        ),
        columns=(
            Column(
                name="pool",
                label="Pool",
                kind="address",
                value=lambda one: one.figures.pool.cidr,
                href=lambda one: url_for("web.pool", pool_id=one.figures.pool.id),
            ),
            Column(name="name", label="Name", value=lambda one: one.figures.pool.name or ""),
            Column(
                name="network",
                label="Network",
                value=lambda one: one.figures.pool.network,
                text=lambda one: network(one.figures.pool.network),
                href=lambda one: url_for("web.network", network_id=one.figures.pool.network_id),
            ),
            Column(
                name="taken",
                label="Taken",
                kind="bar",
                value=lambda one: round(one.figures.bar.taken, 1),
                text=lambda one: percent(one.figures.bar.taken),
                bar=lambda one: one.figures.bar,
                level=lambda one: one.figures.level,
            ),
            counted("used", "Used"),
            counted("free", "Free"),
            counted("total", "Assignable", is_shown=False),
            counted("quarantined", "Quarantined", is_shown=False),
            counted("excluded", "Excluded", is_shown=False),
            Column(
                name="full",
                label="Full",
                kind="tag",
                value=_full,
                text=_full_text,
                level=lambda one: one.figures.level,
            ),
            Column(name="labels", label="Labels", value=lambda one: one.labels),
            Column(
                name="gateway",
                label="Gateway",
                kind="address",
                value=lambda one: one.figures.pool.gateway or "",
                shown=False,
            ),
            Column(
                name="drained",
                label="Drained",
                value=lambda one: one.figures.pool.drained,
                shown=False,
            ),
            Column(
                name="description",
                label="Description",
                kind="long",
                value=lambda one: one.row.description,
                shown=False,
            ),
            Column(
                name="created",
                label="Created",
                kind="moment",
                value=lambda one: one.row.created_at,
                shown=False,
            ),
        ),
    )


def _full(one: PoolRow) -> Any:
    """Return the seconds until the pool is full; None: it does not fill up."""
    left = one.figures.full_in
    return None if left is None else round(left.total_seconds())


def _full_text(one: PoolRow) -> str:
    if not one.figures.bar.free:
        return "full"
    left = one.figures.full_in
    return "" if left is None else f"in {span(left)}"
