"""The page of a request."""

from __future__ import annotations

from flask import render_template

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.ipam import requests as use_cases
from rowhouse.web.actions.reserve import duration
from rowhouse.web.blueprint import ID, blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.links import open_addresses, pool_links
from rowhouse.web.requests.list import LEVELS
from rowhouse.web.session.account import may, reader


@blueprint.get(f"/requests/<{ID}:request>")
@least_role("team")
def request(request: int) -> str:
    """Show a request, what became of it, and what the user may do with it."""
    found = use_cases.request(store(), request, namespaces=namespaces_seen())
    granted = (found.granted or ()) if found.network_id else ()
    return render_template(
        "requests/page.html",
        found=found,
        pool_link=pool_links()(found.pool_id),
        open={
            address for _, address in open_addresses({(found.network_id, one) for one in granted})
        },
        level=LEVELS.get(found.state, ""),
        duration=duration(found.ttl),
    )


@blueprint.app_template_global("may_request")
def may_request() -> bool:
    """Whether the user may request addresses: a team, or an operator for it."""
    caller = reader()
    return may("operator") or (caller is not None and caller.role == "team")
