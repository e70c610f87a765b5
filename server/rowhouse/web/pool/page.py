"""The page of a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import get_template_attribute, render_template, request, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.domain.echo import shown
from rowhouse.domain.errors import NotFound
from rowhouse.domain.limits import MAX_PAGE
from rowhouse.domain.runs import joined
from rowhouse.ipam.missing import missing
from rowhouse.store.inventory import occupancy, pool_names
from rowhouse.store.inventory import pools as rows
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.database import store
from rowhouse.web.live import stream
from rowhouse.web.overview.figures import PoolFigures
from rowhouse.web.pool.area import area_of
from rowhouse.web.pool.cells import STATES, TEAM_STATES, blocks, cells
from rowhouse.web.pool.plot import SPANS, period, plot_of
from rowhouse.web.pool.snippet import definition

if TYPE_CHECKING:
    from flask import Response

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record
    from rowhouse.store.inventory.occupancy import Occupancy

CELLS_IN_GROUP: Final = 64
"""When a cell changes, the whole group of this size is sent again."""

FREE_RUNS: Final = 20
MOST_PARTS: Final = 200
"""The most rows of free space to read for them: the allocator splits runs, and the page joins them."""


@blueprint.get(f"/pools/<{ID}:pool_id>")
@least_role("team")
def pool(pool_id: int) -> str:
    """Show the address map of a pool, its fill over time, its free runs and a NAD that uses it."""
    database = store()
    row, found = _seen(pool_id)
    asked = period()
    within = request.args.get("within")
    free = rows.free_runs(database, row, quarantined=False, after=None, limit=MOST_PARTS)
    runs = joined((part.first, part.last) for part in free)
    return render_template(
        "pool/page.html",
        pool=found,
        row=row,
        aliases=pool_names.search(database, pool_id=pool_id, network=None, after="", limit=MAX_PAGE)
        if row.aliases
        else [],
        period=asked,
        spans=SPANS,
        plot=plot_of(database, found, asked),
        free_runs=runs[:FREE_RUNS],
        more_runs=len(runs) > FREE_RUNS or len(free) == MOST_PARTS,
        definition=definition(found),
        **figures(found),
        live_url=url_for("web.live_pool", pool_id=pool_id, within=within),
        **map_of(database, found, within),
    )


@blueprint.get(f"/live/pools/<{ID}:pool_id>")
@least_role("team")
def live_pool(pool_id: int) -> Response:
    """Stream the live parts of the page of a pool."""
    within = request.args.get("within")
    _seen(pool_id)
    return stream(lambda: _parts(pool_id, within))


def _seen(pool_id: int) -> tuple[Record, Occupancy]:
    """Return the row and the occupancy of a pool. Raises NotFound, also if a team does not use the pool."""
    row = rows.get(store(), pool_id, namespaces=namespaces_seen())
    found = occupancy.of_pool(store(), pool_id)
    if row is None or found is None:
        raise missing("pool", pool_id)
    return row, found


def _parts(pool_id: int, within: str | None) -> dict[str, str]:
    _, found = _seen(pool_id)
    parts = {"figures": render_template("pool/figures.html", **figures(found))}
    shown = map_of(store(), found, within)
    group = get_template_attribute("pool/map.html", "group")
    for number, cells_of_group in enumerate(shown["groups"]):
        html = group(shown["area"], cells_of_group, number, found, shown["columns"])
        parts[f"cells-{number}"] = str(html)
    return parts


def figures(found: Occupancy) -> dict[str, Any]:
    """Return the variables of the figures at the top of the page."""
    return {"figures": PoolFigures.of(found)}


def map_of(database: Database, found: Occupancy, within: str | None) -> dict[str, Any]:
    """Return the variables of the address map. Raises NotFound if `within` is not part of the pool.

    To a team, an address of another namespace is only in use.
    """
    seen = namespaces_seen()
    area = area_of(database, found.network_id, found.cidr, within)
    if area is None:
        raise NotFound(
            f"{shown(within)} is not part of pool {found.cidr}",
            hint="Select a part on the map of the pool.",
        )
    made = (
        blocks(database, found, area)
        if area.in_blocks
        else cells(database, found, area, namespaces=seen)
    )
    return {
        "area": area,
        "states": STATES if seen is None else TEAM_STATES,
        "groups": [made[i : i + CELLS_IN_GROUP] for i in range(0, len(made), CELLS_IN_GROUP)],
        "columns": 64 if len(made) > 1024 else 32 if len(made) > 64 else 16,  # noqa: PLR2004
    }
