"""The page of a pool."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from flask import render_template, request

from rowhouse.auth.guard import least_role
from rowhouse.domain.errors import NotFound
from rowhouse.store import occupancy, trends
from rowhouse.store import pools as rows
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.charts import Plot
from rowhouse.web.database import store
from rowhouse.web.overview.figures import PoolFigures
from rowhouse.web.pool.area import area_of
from rowhouse.web.pool.cells import STATES, blocks, cells
from rowhouse.web.pool.snippet import definition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.database import Database
    from rowhouse.store.occupancy import Occupancy
    from rowhouse.store.reading import Record

SPANS: Final = {
    "day": (timedelta(days=1), timedelta(minutes=15)),
    "week": (timedelta(days=7), timedelta(hours=1)),
    "month": (timedelta(days=30), timedelta(hours=6)),
}
"""How long a plot goes back, and how far apart its points are."""

CELLS_IN_GROUP: Final = 64
"""Cells are sent anew together in groups, when one of them changes."""

FREE_RUNS: Final = 20


@blueprint.get(f"/pools/<{ID}:pool_id>")
@least_role("viewer")
def pool(pool_id: int) -> str:
    """How full it is, address by address and over time; what is free; how pods use it."""
    database = store()
    row = rows.get(database, pool_id)
    found = occupancy.of_pool(database, pool_id)
    if row is None or found is None:
        raise NotFound(f"there is no pool {pool_id}", hint="The overview shows them all.")
    span = request.args.get("span", "week")
    free = rows.free_runs(database, row, quarantined=False, after=None, limit=FREE_RUNS + 1)
    return render_template(
        "pool/page.html",
        pool=found,
        row=row,
        span=span if span in SPANS else "week",
        spans=SPANS,
        plot=_plot(database, found, span),
        free_runs=_given_out(free[:FREE_RUNS], found),
        more_runs=len(free) > FREE_RUNS,
        definition=definition(found),
        **figures(found),
        **map_of(database, found, request.args.get("within")),
    )


def figures(found: Occupancy) -> dict[str, Any]:
    """What the numbers at the top of the page are made of."""
    return {"figures": PoolFigures.of(found)}


def map_of(database: Database, found: Occupancy, within: str | None) -> dict[str, Any]:
    """What the address map is made of. Raises NotFound where `within` is no part of the pool."""
    area = area_of(database, found.network_id, found.cidr, within)
    if area is None:
        raise NotFound(f"{within} is no part of the pool {found.cidr}")
    made = blocks(database, found, area) if area.in_blocks else cells(database, found, area)
    return {
        "area": area,
        "states": STATES,
        "groups": [made[i : i + CELLS_IN_GROUP] for i in range(0, len(made), CELLS_IN_GROUP)],
        "columns": 64 if len(made) > 1024 else 32 if len(made) > 64 else 16,  # noqa: PLR2004
    }


def _given_out(runs: Sequence[Record], found: Occupancy) -> list[tuple[str, str]]:
    """The parts of free runs that the pool gives out: no network and no broadcast address."""
    low, high = ip_address(found.first), ip_address(found.last)
    parts = [
        (max(int(low), int(ip_address(run.first))), min(int(high), int(ip_address(run.last))))
        for run in runs
    ]
    kind = type(low)
    return [(str(kind(first)), str(kind(last))) for first, last in parts if first <= last]


def _plot(database: Database, found: Occupancy, span: str) -> Plot | None:
    length, every = SPANS.get(span, SPANS["week"])
    ends = datetime.now(UTC)
    begins = ends - length
    points = [(row.at, row.reserved) for row in trends.samples(database, found.id, begins, every)]
    return Plot.of(points, found.total, begins, ends)
