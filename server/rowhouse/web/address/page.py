"""The page of an address."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, render_template, request, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.domain.echo import shown
from rowhouse.domain.errors import NotFound
from rowhouse.ipam.missing import missing
from rowhouse.ipam.reservations import reservation
from rowhouse.store.history import tenures
from rowhouse.store.inventory import networks
from rowhouse.web.address.filter import FILTERS, MAX_SEARCHED, timeline_filter
from rowhouse.web.address.state import state_of
from rowhouse.web.address.tenures import ENDS, STARTS, timeline
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.database import store
from rowhouse.web.live import stream

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as Redirection

    from rowhouse.store.connection.database import Database
    from rowhouse.web.address.filter import TimelineFilter

MOST_TENURES: Final = 50


@blueprint.get(f"/addresses/<{ID}:network_id>/<address>")
@least_role("team")
def address(network_id: int, address: str) -> str | Redirection:
    """Show the state of an address and its tenures; to a team, those of its namespaces while they hold the address."""
    try:
        written = str(ip_address(address))
    except ValueError:
        raise NotFound(
            f"{shown(address)} is not an address", hint="Write 10.0.0.7 or fd00::7, for example."
        ) from None
    if written != address:
        return redirect(url_for("web.address", network_id=network_id, address=written))
    asked = timeline_filter()
    # First, so that a team does not learn which networks exist.
    found = history_of(store(), network_id, address, asked)
    network = networks.get(store(), network_id)
    if network is None:
        raise missing("network", network_id)
    filters: dict[str, Any] = {name: request.args.get(name) for name in FILTERS}
    return render_template(
        "address/page.html",
        network=network,
        live_url=url_for("web.live_address", network_id=network_id, address=address, **filters),
        starts=STARTS,
        ends=ENDS,
        **found,
    )


@blueprint.get(f"/live/addresses/<{ID}:network_id>/<address>")
@least_role("team")
def live_address(network_id: int, address: str) -> Response:
    """Stream the live parts of the page of an address."""
    try:
        ip_address(address)
    except ValueError:
        raise NotFound(
            f"{shown(address)} is not an address", hint="Use the search to find the address."
        ) from None
    if (seen := namespaces_seen()) is not None:
        reservation(store(), (network_id, address), namespaces=seen)
    asked = timeline_filter()
    return stream(
        lambda: {
            "history": render_template(
                "address/history.html", **history_of(store(), network_id, address, asked)
            )
        }
    )


def history_of(
    database: Database, network_id: int, address: str, asked: TimelineFilter
) -> dict[str, Any]:
    """Return the live variables of the page: everything but the network and the form of the filter.

    Raises NotFound if the current caller is of a team whose namespaces do not hold the address.
    """
    seen = namespaces_seen()
    state = state_of(database, network_id, address, namespaces=seen)
    wanted = tenures.Search(
        address=address,
        network_id=network_id,
        since=asked.since,
        until=asked.until,
        namespaces=seen,
    )
    limit = MAX_SEARCHED if asked.is_set else MOST_TENURES + 1
    latest = tenures.search(database, wanted, after=None, limit=limit)
    found = [tenure for tenure in latest if asked.has(tenure)]
    return {
        "address": address,
        "state": state,
        # Between tenures of which some are hidden, the address was not free.
        "timeline": timeline(found[:MOST_TENURES], gaps=seen is None and not asked.is_set),
        "more": len(found) > MOST_TENURES,
        "filter": asked,
    }
