"""The page about the object of an audit entry: what it names, or what is left of it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, url_for

from rowhouse.auth.guard import least_role
from rowhouse.domain.errors import NotFound
from rowhouse.domain.saved_views import path_of
from rowhouse.store.allocation import requests
from rowhouse.store.history import audit
from rowhouse.store.inventory import networks, pools
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.session.target import local

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Response

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

    Values = Mapping[str, Any]
    Page = Callable[[Database, Values], str]

_ENTRY: Final = f"int(min=1, max={2**63 - 1})"


@blueprint.get(f"/audit/<{_ENTRY}:entry_id>/object")
@least_role("viewer")
def audit_object(entry_id: int) -> Response:
    """Lead to the object of an entry. Decided when someone follows the link: the object may be deleted meanwhile."""
    entry = audit.get(store(), entry_id)
    if entry is None:
        raise NotFound(
            f"there is no audit entry {entry_id}",
            hint="Old entries are removed after the retention time.",
        )
    return redirect(local(page_of(store(), entry)), 302)


def page_of(database: Database, entry: Record) -> str:
    """Return the path of the page about the object of an entry; if it has none any more, its other entries."""
    values = entry.after or entry.before or {}
    for page in _PAGES.get(entry.object_type, (_address, _pool, _node)):
        if path := page(database, values):
            return path
    return url_for("web.audit", object=entry.object)


def _pool(database: Database, values: Values) -> str:
    return _pool_with(database, values.get("pool_id"))


def _pool_itself(database: Database, values: Values) -> str:
    return _pool_with(database, values.get("id"))


def _pool_with(database: Database, number: Any) -> str:
    if not isinstance(number, int) or pools.get(database, number) is None:
        return ""
    return url_for("web.pool", pool_id=number)


def _network(database: Database, values: Values) -> str:
    number = values.get("id")
    found = networks.get(database, number) if isinstance(number, int) else None
    if found is None:
        return ""
    # A network without pools has no page of its own.
    if found.pools:
        return url_for("web.network", network_id=number)
    return url_for("web.networks", q=found.name)


def _address(database: Database, values: Values) -> str:
    """Return the page of an address, or of the first one of a run."""
    number, text = values.get("network_id"), values.get("address") or values.get("first")
    if not isinstance(number, int) or networks.get(database, number) is None:
        return ""
    try:
        address = str(ip_address(str(text).partition("/")[0]))
    except ValueError:
        return ""
    return url_for("web.address", network_id=number, address=address)


def _request(database: Database, values: Values) -> str:
    number = values.get("id")
    if not isinstance(number, int) or requests.get(database, number) is None:
        return ""
    return url_for("web.request", request=number)


def _quota(_: Database, values: Values) -> str:
    return url_for("web.quotas", q=values.get("namespace", ""))


def _node(_: Database, values: Values) -> str:
    return url_for("web.node", node=values["node"]) if values.get("node") else ""


def _owner(_: Database, values: Values) -> str:
    """Return what the search knows about an owner, which may never have held an address."""
    return url_for("web.search", q=f"{values.get('namespace', '')}/{values.get('name', '')}")


def _view(_: Database, values: Values) -> str:
    """Return what a view shows, also if it is not shared or deleted."""
    return path_of(values.get("table_name", ""), values.get("query", "")) or ""


_PAGES: Final[Mapping[str, tuple[Page, ...]]] = {
    "pool": (_pool_itself,),
    "plain_pool": (_pool,),
    "alias": (_pool,),
    "network": (_network,),
    "request": (_request,),
    "quota": (_quota,),
    "owner_object": (_owner,),
    "saved_view": (_view,),
    "node_slice": (_pool,),
}
"""What to try for a type of object; for the others, an address, a pool and a node that the row names."""
