"""The page of a pod, by namespace and name."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from flask import render_template, request, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.domain.echo import shown
from rowhouse.domain.errors import NotFound
from rowhouse.domain.events import REASONS
from rowhouse.store.allocation import reservations
from rowhouse.store.history import events, tenures
from rowhouse.web.address.filter import FILTERS, MAX_SEARCHED, timeline_filter
from rowhouse.web.address.tenures import ENDS, STARTS
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.links import open_addresses
from rowhouse.web.live import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record
    from rowhouse.web.address.filter import TimelineFilter

NO_NAMESPACE: Final = "-"
"""Stands for no namespace in a URL: manual reservations have none, and no namespace can have this name."""

MAX_ROWS: Final = 200
MAX_EVENTS: Final = 10
_WIDTH: Final = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """An address and its tenures as (x, width, is past) on a drawing 1000 units wide."""

    network_id: int
    network: str | None
    address: str
    spans: list[tuple[float, float, bool]]


@blueprint.get("/pods/<namespace>/<path:name>")
@least_role("team")
def pod(namespace: str, name: str) -> str:
    """Show the addresses of a pod over time."""
    bare = "" if namespace == NO_NAMESPACE else namespace
    asked = timeline_filter()
    found = addresses_of(store(), bare, name, asked)
    is_known = found["held"] or found["tenures"] or found["events"]
    if not is_known and not (asked.is_set and _held_before(store(), bare, name)):
        label = name if namespace == NO_NAMESPACE else f"{namespace}/{name}"
        raise NotFound(
            f"{shown(label)} holds no address, and neither the history nor an event mentions it",
            hint="Check the namespace and the name. Old history is removed after the retention time.",
        )
    filters: dict[str, Any] = {one: request.args.get(one) for one in FILTERS}
    live_url = url_for("web.live_pod", namespace=namespace, name=name, **filters)
    return render_template("pod/page.html", live_url=live_url, starts=STARTS, ends=ENDS, **found)


@blueprint.get("/live/pods/<namespace>/<path:name>")
@least_role("team")
def live_pod(namespace: str, name: str) -> Response:
    """Stream the live part of the page of a pod."""
    bare = "" if namespace == NO_NAMESPACE else namespace
    asked = timeline_filter()
    return stream(
        lambda: {
            "history": render_template(
                "pod/history.html", **addresses_of(store(), bare, name, asked)
            )
        }
    )


def addresses_of(
    database: Database, namespace: str, name: str, asked: TimelineFilter
) -> dict[str, Any]:
    """Return the live variables of the page; a pod that the user may not see looks like one that does not exist."""
    seen = namespaces_seen()
    of_now = reservations.Search(namespace=namespace, name=name, namespaces=seen)
    held = reservations.search(database, of_now, after=None, limit=MAX_ROWS)
    of_ever = tenures.Search(
        namespace=namespace, name=name, since=asked.since, until=asked.until, namespaces=seen
    )
    limit = MAX_SEARCHED if asked.is_set else MAX_ROWS + 1
    latest = tenures.search(database, of_ever, after=None, limit=limit)
    found = [tenure for tenure in latest if asked.has(tenure)]
    past = found[:MAX_ROWS]
    about = events.Search(namespace=namespace, name=name, namespaces=seen)
    now = datetime.now(UTC)
    begins = min((tenure.held_from for tenure in past), default=now)
    return {
        "namespace": namespace,
        "name": name,
        "held": held,
        "tenures": past,
        "open": open_addresses({(tenure.network_id, tenure.address) for tenure in past}),
        "more": len(found) > MAX_ROWS,
        "filter": asked,
        "reasons": REASONS,
        "events": events.search(database, about, after=None, limit=MAX_EVENTS),
        "rows": _rows(past, begins, now),
        "begins": begins,
    }


def _held_before(database: Database, namespace: str, name: str) -> bool:
    """Whether the history mentions a pod that the user may see, whatever the filter hides."""
    wanted = tenures.Search(namespace=namespace, name=name, namespaces=namespaces_seen())
    return bool(tenures.search(database, wanted, after=None, limit=1))


def _rows(tenures: Sequence[Record], begins: datetime, now: datetime) -> list[Row]:
    """Return a row per address, the latest first."""
    length = max((now - begins).total_seconds(), 1)

    def x(at: datetime) -> float:
        return round((at - begins).total_seconds() / length * _WIDTH, 1)

    spans = defaultdict(list)
    for tenure in tenures:
        first, last = x(tenure.held_from), x(tenure.held_until or now)
        width = max(last - first, 2)
        key = (tenure.network_id, tenure.network, tenure.address)
        spans[key].append((min(first, _WIDTH - width), width, tenure.held_until is not None))
    return [Row(*key, found) for key, found in spans.items()]
