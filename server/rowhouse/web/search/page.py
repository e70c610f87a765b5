"""The results of a search. A single result redirects to its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import redirect, render_template, request, url_for
from markupsafe import Markup, escape

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.domain.networks import as_shown
from rowhouse.domain.search_text import MAX_CHARACTERS
from rowhouse.ipam.search import MAX_OF_A_KIND
from rowhouse.ipam.team_search import search_in
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.formats import ago
from rowhouse.web.pod.page import NO_NAMESPACE
from rowhouse.web.search.views import matching

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from rowhouse.ipam.search import Found, Kind

TITLES: Final[dict[Kind, str]] = {
    "address": "Addresses",
    "pool": "Pools",
    "network": "Networks",
    "owner": "Pods and other owners",
    "namespace": "Namespaces",
    "node": "Nodes",
    "sandbox": "Sandboxes",
    "exclusion": "Exclusions",
    "change": "Changes",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A search result as a line of the page. `is_past`: it holds, or is held, no longer."""

    found: Found
    label: str
    note: str
    url: str

    @property
    def is_past(self) -> bool:
        """Whether it is only in the history."""
        return not self.found.is_current


@blueprint.get("/search")
@least_role("team")
def search() -> str | Response:
    """Search for `q`, as a team in what its namespaces hold."""
    text = request.args.get("q", "").replace("\0", "").strip()[:MAX_CHARACTERS]
    seen = namespaces_seen()
    answer = search_in(store(), text, seen)
    found = answer.ranked()
    exact = [one for one in found if one.is_exact]
    views = matching(text)[:MAX_OF_A_KIND] if text else ()
    if len(exact) == 1 or (len(found) == 1 and not views):
        return redirect(url_of((exact or found)[0]))
    if len(views) == 1 and not found:
        return redirect(views[0].url)
    kinds = [
        (title, [row(one) for one in found if one.kind == kind]) for kind, title in TITLES.items()
    ]
    return render_template(
        "search/page.html",
        text=text,
        kinds=[(title, rows) for title, rows in kinds if rows],
        views=views,
        incomplete=[TITLES[kind] for kind in dict.fromkeys(answer.incomplete)],
        most=MAX_OF_A_KIND,
        namespaces=seen,
    )


def row(found: Found) -> Row:
    """Return a result as a line: its name, what else identifies it, and its page."""
    label = as_shown(found.label) if found.kind == "network" else found.label
    return Row(found, label, _note(found), url_of(found))


def url_of(found: Found) -> str:
    """Return the page of a result."""
    if (place := _PLACES.get(found.kind)) is not None:
        return place(found)
    if namespaces_seen() is not None and not found.is_current:
        return _pod(found)  # the page of the address is closed to its former owners
    if found.address is None or found.network_id is None:
        return url_for("web.audit", object=found.name)
    return url_for("web.address", network_id=found.network_id, address=found.address)


def _pod(found: Found) -> str:
    return url_for("web.pod", namespace=found.namespace or NO_NAMESPACE, name=found.name)


_PLACES: Final[dict[Kind, Callable[[Found], str]]] = {
    "pool": lambda found: url_for("web.pool", pool_id=found.pool_id),
    "network": lambda found: url_for("web.network", network_id=found.network_id),
    "owner": _pod,
    "namespace": lambda found: url_for("web.search", q=f"{found.namespace}/"),
    "node": lambda found: url_for("web.node", node=found.node, cluster=found.cluster),
}
"""The page of a result, for the kinds that are not about an address."""


@blueprint.app_template_filter("marked")
def marked(text: str, part: str) -> Markup:
    """Mark the first occurrence of `part`, in any case."""
    at = text.lower().find(part.lower()) if part else -1
    # Some letters become two in lower case, so that the place would be wrong.
    if at < 0 or len(text.lower()) != len(text):
        return escape(text)
    end = at + len(part)
    return escape(text[:at]) + Markup("<mark>{}</mark>").format(text[at:end]) + text[end:]


def _note(found: Found) -> str:
    """Return what else identifies a result: its network, its owner, its address."""
    parts = []
    if found.kind in {"address", "pool", "exclusion"}:
        parts.append(as_shown(found.network or ""))
    if found.isolated:
        parts.append(f"isolated {found.isolated}")
    parts.append(_DETAILS[found.kind](found))
    return " · ".join(filter(None, parts))


def _of_address(found: Found) -> str:
    if found.name is None:
        return "no owner"
    owner = f"{found.namespace}/{found.name}" if found.namespace else found.name
    if not found.is_current:
        return f"held by {owner} until {ago(found.held_until)}"
    return f"{owner} on {found.node}" if found.node else owner


def _of_owner(found: Found) -> str:
    if not found.is_current:
        return f"held {found.address} until {ago(found.held_until)}" if found.address else ""
    more = f" and {found.count - 1} more" if found.count and found.count > 1 else ""
    return f"{found.address}{more}" + (f" on {found.node}" if found.node else "")


def _of_sandbox(found: Found) -> str:
    return f"{_of_address(found)}, {found.interface}" if found.interface else _of_address(found)


def _of_node(found: Found) -> str:
    interfaces = "1 interface" if found.count == 1 else f"{found.count} interfaces"
    return interfaces + (f", cluster {found.cluster}" if found.cluster else "")


_DETAILS: Final[dict[Kind, Callable[[Found], str]]] = {
    "address": _of_address,
    "pool": lambda found: found.name or "",
    "network": lambda _: "",
    "owner": _of_owner,
    "namespace": lambda found: "holds addresses" if found.is_current else "held addresses",
    "node": _of_node,
    "sandbox": _of_sandbox,
    "exclusion": lambda _: "excluded",
    "change": lambda found: f"{found.actor}, {ago(found.at)}",
}
