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
    """What an address is now, and its tenures."""
    try:
        written = str(ip_address(address))
    except ValueError:
        raise NotFound(f"{address} is no address", hint="10.0.0.7, or fd00::7.") from None
    if written != address:
        return redirect(url_for("web.address", network_id=network_id, address=written))
    network = networks.get(store(), network_id)
    if network is None:
        raise NotFound(f"there is no network {network_id}", hint="The overview shows them all.")
    return render_template(
        "address/page.html",
        network=network,
        live_url=url_for("web.live_address", network_id=network_id, address=address),
        **history_of(store(), network_id, address),
    )


@blueprint.get(f"/live/addresses/<{ID}:network_id>/<address>")
@least_role("viewer")
def live_address(network_id: int, address: str) -> Response:
    """What changes of the page of an address."""
    try:
        ip_address(address)
    except ValueError:
        raise NotFound(f"{address} is no address") from None
    return stream(
        lambda: {
            "history": render_template(
                "address/history.html", **history_of(store(), network_id, address)
            )
        }
    )


def history_of(database: Database, network_id: int, address: str) -> dict[str, Any]:
    """What the page is made of, beside the network: it changes while one looks."""
    wanted = tenures.Search(address=address, network_id=network_id)
    found = tenures.search(database, wanted, after=None, limit=MOST_TENURES + 1)
    return {
        "address": address,
        "state": state_of(database, network_id, address),
        "timeline": timeline(found[:MOST_TENURES]),
        "more": len(found) > MOST_TENURES,
    }
