"""The page of an address."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, render_template, url_for

from rowhouse.auth.guard import least_role
from rowhouse.domain.errors import NotFound
from rowhouse.store.history import tenures
from rowhouse.store.inventory import networks
from rowhouse.web.address.state import state_of
from rowhouse.web.address.tenures import timeline
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.database import store
from rowhouse.web.live import stream

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as Redirection

    from rowhouse.store.connection.database import Database

MOST_TENURES: Final = 50


@blueprint.get(f"/addresses/<{ID}:network_id>/<address>")
@least_role("viewer")
def address(network_id: int, address: str) -> str | Redirection:
    """Show the state of an address and its tenures."""
    try:
        written = str(ip_address(address))
    except ValueError:
        raise NotFound(
            f"{address} is not an address", hint="Write 10.0.0.7 or fd00::7, for example."
        ) from None
    if written != address:
        return redirect(url_for("web.address", network_id=network_id, address=written))
    network = networks.get(store(), network_id)
    if network is None:
        raise NotFound(f"there is no network {network_id}", hint="The overview lists all networks.")
    return render_template(
        "address/page.html",
        network=network,
        live_url=url_for("web.live_address", network_id=network_id, address=address),
        **history_of(store(), network_id, address),
    )


@blueprint.get(f"/live/addresses/<{ID}:network_id>/<address>")
@least_role("viewer")
def live_address(network_id: int, address: str) -> Response:
    """Stream the live parts of the page of an address."""
    try:
        ip_address(address)
    except ValueError:
        raise NotFound(f"{address} is not an address") from None
    return stream(
        lambda: {
            "history": render_template(
                "address/history.html", **history_of(store(), network_id, address)
            )
        }
    )


def history_of(database: Database, network_id: int, address: str) -> dict[str, Any]:
    """Return the live variables of the page: everything but the network."""
    wanted = tenures.Search(address=address, network_id=network_id)
    found = tenures.search(database, wanted, after=None, limit=MOST_TENURES + 1)
    return {
        "address": address,
        "state": state_of(database, network_id, address),
        "timeline": timeline(found[:MOST_TENURES]),
        "more": len(found) > MOST_TENURES,
    }
