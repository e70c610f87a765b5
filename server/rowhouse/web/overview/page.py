"""The page at `/`, and the page of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import redirect, render_template, request, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.ipam.missing import missing
from rowhouse.store.inventory import occupancy, trends
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.database import store
from rowhouse.web.live import stream
from rowhouse.web.overview.figures import Figures

if TYPE_CHECKING:
    from flask import Response as Stream
    from werkzeug.wrappers import Response

    from rowhouse.store.connection.database import Database

MOST_WARNINGS: Final = 12


def _shown(trend: str) -> dict[str, Any]:
    return {"figures": figures(store()), "most_warnings": MOST_WARNINGS, "trend": trend}


def figures(database: Database) -> Figures:
    """Return the overview's figures, in three statements for any number of pools."""
    found = Figures.of(occupancy.fill_of_pools(database), occupancy.reserved_of_networks(database))
    return _with_trends(database, found)


def _with_trends(database: Database, found: Figures) -> Figures:
    ids = {row.pool.id for row in found.rows(MOST_WARNINGS)}
    found.draw(trends.of_pools(database, ids), MOST_WARNINGS)
    return found


def _span() -> str:
    return "day" if request.args.get("trend") == "day" else "week"


@blueprint.get("/")
@least_role("team")
def overview() -> str | Response:
    """Show networks and pools, warnings first. A team begins with its addresses."""
    if namespaces_seen() is not None:
        return redirect(url_for("web.reservations"))
    trend = _span()
    return render_template(
        "overview/page.html",
        live_url=url_for("web.live_overview", trend=trend),
        **_shown(trend),
    )


@blueprint.get("/live/overview")
@least_role("viewer")
def live_overview() -> Stream:
    """Stream the live part of the overview."""
    trend = _span()
    return stream(lambda: {"overview": render_template("overview/live.html", **_shown(trend))})


@blueprint.get(f"/networks/<{ID}:network_id>")
@least_role("viewer")
def network(network_id: int) -> str:
    """Show all pools of one network."""
    database = store()
    mine = occupancy.fill_of_pools(database, network_id=network_id)
    if not mine:
        raise missing("network", network_id)
    reserved = occupancy.reserved_of_networks(database, network_id)
    found = _with_trends(database, Figures.of(mine, reserved, everything=True))
    return render_template("overview/network.html", network=found.networks[0], trend=_span())
