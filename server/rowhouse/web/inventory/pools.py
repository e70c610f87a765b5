"""The list of pools."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.formats import labels, percent, span
from rowhouse.web.layout.words import network
from rowhouse.web.overview.figures import PoolFigures
from rowhouse.web.table import Choice, Column, InMemory, Table, exported, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flask import Response

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.listing import Page, Wanted
    from rowhouse.store.connection.places import Place
    from rowhouse.store.connection.reads import Record

MAX_POOLS: Final = 100_000
COUNTED: Final = frozenset({"taken", "used", "free", "total", "quarantined", "excluded", "full"})
"""The columns that need the figures of a pool: counting all pools takes longer than counting a page of them."""


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool, and its figures; None: they are not counted yet."""

    row: Record
    figures: PoolFigures | None = None


@dataclass(frozen=True, slots=True)
class PoolSource:
    """The rows of the table: only the pools of a page are counted, unless they are sorted by what is counted."""

    database: Database
    rows: Sequence[PoolRow]
    is_whole: bool
    """Whether these are all pools."""

    def page(
        self,
        columns: Sequence[Column],
        wanted: Wanted,
        *,
        offset: int,
        limit: int,
        place: Place | None = None,  # noqa: ARG002 - all rows are in memory
    ) -> Page:
        """Return a page."""
        if wanted.sort in COUNTED:
            return _in_memory(self._all_counted()).page(columns, wanted, offset=offset, limit=limit)
        found = _in_memory(self.rows).page(columns, wanted, offset=offset, limit=limit)
        ids = [one.row.id for one in found.rows]
        return replace(found, rows=self._counted(found.rows, ids))

    def parts(self, columns: Sequence[Column], wanted: Wanted) -> Iterator[Sequence[PoolRow]]:
        """Yield all rows."""
        yield from _in_memory(self._all_counted()).parts(columns, wanted)

    def _all_counted(self) -> list[PoolRow]:
        # All pools are counted in one pass; those that a team sees, by their ids.
        ids = None if self.is_whole else [one.row.id for one in self.rows]
        return self._counted(self.rows, ids)

    def _counted(self, chosen: Sequence[PoolRow], ids: Sequence[int] | None) -> list[PoolRow]:
        counts = {pool.id: pool for pool in occupancy.fill_of_pools(self.database, ids)}
        return [
            replace(one, figures=PoolFigures.of(counts[one.row.id]))
            for one in chosen
            if one.row.id in counts
        ]


@blueprint.get("/pools")
@least_role("team")
def pools() -> str:
    """Show all pools."""
    table = shown(_table())
    lead = "One row per pool. The tree shows how prefixes contain each other, and the gaps between them."
    return render_template("inventory/list.html", table=table, lead=lead)


@blueprint.get("/pools.<any(csv,json):suffix>")
@least_role("team")
def pools_export(suffix: str) -> Response:
    """Export the pools, as the table shows them."""
    return exported(_table(), suffix)


def _in_memory(found: Sequence[PoolRow]) -> InMemory:
    return InMemory(
        found,
        orders={
            "pool": lambda one: cidr_order(one.row.cidr),
            "full": lambda one: one.figures.full_in,
        },
        equal={"network": lambda one: str(one.row.network_id)},
        matches=contains,
    )


def contains(pool: PoolRow, word: str) -> bool:
    """Whether a word is an address of a pool."""
    address = _address(word)
    if address is None:
        return False
    cidr = _cidr(pool.row.cidr)
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
    database = store()
    seen = namespaces_seen()
    known = rows.search(database, rows.Search(namespaces=seen), after=0, limit=MAX_POOLS)
    path = url_for("web.pools")
    names = {str(row.network_id): row.network_name for row in known}
    networks = sorted((network(name, title=True), number) for number, name in names.items())

    def counted(name: str, label: str, *, is_shown: bool = True) -> Column:
        return Column(
            name=name,
            label=label,
            kind="count",
            value=_figure(lambda figures: getattr(figures.pool, name)),
            shown=is_shown,
        )

    return Table(
        name="pools",
        label="Pools",
        path=path,
        export=path,
        rows=PoolSource(database, [PoolRow(row) for row in known], is_whole=seen is None),
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
                value=lambda one: one.row.cidr,
                href=lambda one: url_for("web.pool", pool_id=one.row.id),
            ),
            Column(name="name", label=field_name("name"), value=lambda one: one.row.name or ""),
            Column(
                name="network",
                label="Network",
                value=lambda one: one.row.network_name,
                text=lambda one: network(one.row.network_name),
                href=lambda one: url_for("web.network", network_id=one.row.network_id),
            ),
            Column(
                name="taken",
                label="Taken",
                kind="bar",
                value=_figure(lambda figures: round(figures.bar.taken, 1)),
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
                value=_figure(_seconds_left),
                text=_full_text,
                level=lambda one: one.figures.level,
            ),
            Column(
                name="labels", label=field_name("labels"), value=lambda one: labels(one.row.labels)
            ),
            Column(
                name="gateway",
                label=field_name("gateway"),
                kind="address",
                value=lambda one: one.row.gateway or "",
                shown=False,
            ),
            Column(
                name="drained",
                label=field_name("drained"),
                value=lambda one: one.row.drained,
                shown=False,
            ),
            Column(
                name="description",
                label=field_name("description"),
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


def _figure(value: Callable[[PoolFigures], Any]) -> Callable[[PoolRow], Any]:
    """Return the value of a counted column; None for a row that is not counted yet."""
    return lambda one: None if one.figures is None else value(one.figures)


def _seconds_left(figures: PoolFigures) -> int | None:
    """Return the seconds until the pool is full; None: it does not fill up."""
    return None if figures.full_in is None else round(figures.full_in.total_seconds())


def _full_text(one: Any) -> str:
    if not one.figures.bar.free:
        return "full"
    left = one.figures.full_in
    return "" if left is None else f"in {span(left)}"
