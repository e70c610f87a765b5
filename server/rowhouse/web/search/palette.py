"""The command palette: pages, actions, saved views and search results for what was typed so far."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import render_template, request, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.domain.search_text import MAX_CHARACTERS
from rowhouse.ipam.team_search import search_in
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.sections import sections
from rowhouse.web.requests.page import may_request
from rowhouse.web.search.page import row
from rowhouse.web.search.views import matching
from rowhouse.web.session.account import may

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.auth.caller import PersonRole

_OF_A_KIND: Final = 6
_MAX_RESULTS: Final = 20
_MAX_ACTIONS: Final = 12
_POOL: Final = re.compile(r"/pools/(\d{1,9})(?:/|$)")
_POOL_ACTIONS: Final[tuple[tuple[str, str, PersonRole], ...]] = (
    ("Reserve addresses of this pool", "web.reserve", "operator"),
    ("Exclude addresses of this pool", "web.exclude", "operator"),
    ("Edit this pool", "web.change_pool", "operator"),
    ("Delete this pool", "web.remove_pool", "admin"),
)


@dataclass(frozen=True, slots=True)
class Option:
    """A line of the palette. `matched`: the text in which the search found it."""

    kind: str
    label: str
    url: str
    note: str = ""
    matched: str = ""


@blueprint.get("/palette")
@least_role("team")
def palette() -> str:
    """List what matches `q`, as options; `here` is the path of the page that asks."""
    text = request.args.get("q", "").replace("\0", "").strip()[:MAX_CHARACTERS]
    words = text.lower().split()
    pool = _POOL.match(request.args.get("here", ""))
    pool_id = int(pool[1]) if pool else None
    known = [one for one in _actions(pool_id) if all(word in one.label.lower() for word in words)]
    views = [
        Option("View", one.label, one.url, one.note)
        for one in matching(text, pool_id=pool_id)[:_OF_A_KIND]
    ]
    return render_template(
        "search/palette.html", text=text, options=[*known[:_MAX_ACTIONS], *views, *_results(text)]
    )


def _actions(pool_id: int | None) -> Iterator[Option]:
    """Return the pages, and what the user may do: on the pool that they see, and anywhere."""
    if pool_id is not None:
        for label, endpoint, role in _POOL_ACTIONS:
            if may(role):
                yield Option("Action", label, url_for(endpoint, pool_id=pool_id))
    if may("operator"):
        yield Option("Action", "Create pool", url_for("web.new_pool"))
    if may_request():
        yield Option("Action", "Request addresses", url_for("web.send_request"))
    for endpoint, label in sections():
        yield Option("Page", label, url_for(endpoint))
    yield Option("Page", "Views", url_for("web.views"))
    yield Option("Page", "Search", url_for("web.search"))


def _results(text: str) -> Iterator[Option]:
    if not text:
        return
    found = search_in(store(), text, namespaces_seen(), limit=_OF_A_KIND).ranked()
    for one in found[:_MAX_RESULTS]:
        line = row(one)
        yield Option(
            one.kind.capitalize(),
            line.label,
            line.url,
            line.note,
            one.text if one.matched not in {"address", "prefix"} else "",
        )
        if one.kind == "pool" and one.is_exact and may("operator"):
            label = f"Reserve addresses of {one.label}"
            yield Option("Action", label, url_for("web.reserve", pool_id=one.pool_id))
