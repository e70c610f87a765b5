"""The utilization report as a page and as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, cast, get_args

from flask import Response, render_template, request, url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.auth.guard import least_role
from rowhouse.domain.limits import MAX_NAME
from rowhouse.domain.periods import period
from rowhouse.domain.reports import By
from rowhouse.domain.spreadsheets import harmless
from rowhouse.ipam.utilization import Report, Utilization, report
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.links import pool_links
from rowhouse.web.session.account import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PERIODS: Final = {
    "day": (timedelta(days=1), 24),
    "week": (timedelta(days=7), 28),
    "month": (timedelta(days=30), 30),
    "quarter": (timedelta(days=91), 26),
}
"""How long they are, and how many parts they have."""

GROUPS: Final = {by: by.capitalize() for by in get_args(By) if by != "label"}
MAX_GROUPS: Final = 200
_COLUMNS: Final = ("id", "name", "network", "at", "used", "limit")


@blueprint.get("/report")
@least_role("team")
def report_page() -> str:
    """Show what each group held over a period; to a team, of its namespaces."""
    found, asked = _asked(most=MAX_GROUPS)
    groups = found.groups
    pool_link = pool_links() if found.by == "pool" else None
    return render_template(
        "report/page.html",
        report=found,
        groups=groups,
        namespaces=namespaces_seen(),
        more=found.total > len(groups),
        asked=asked,
        kinds=GROUPS,
        periods=tuple(PERIODS),
        urls=[opened(_url_of(found.by, group, pool_link)) for group in groups],
        rest=_rest,
    )


@blueprint.get("/report.csv")
@least_role("team")
def report_csv() -> Response:
    """Export the report as CSV: a line for each group and moment."""
    found, _ = _asked()
    buffer = io.StringIO()
    csv.writer(buffer).writerows([_COLUMNS, *_lines(found)])
    name = f"rowhouse-report-{datetime.now(UTC):%Y%m%d-%H%M}.csv"
    return Response(
        buffer.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _asked(*, most: int | None = None) -> tuple[Report, dict[str, str]]:
    """Make the report that the URL asks for, with its `most` largest groups; what is not known is the default."""
    asked_label = request.args.get("label", "").strip()[:MAX_NAME]
    label = "".join(filter(str.isprintable, asked_label))
    by = request.args.get("by", "")
    by = "label" if label else by if by in GROUPS else "namespace"
    name = request.args.get("period", "")
    name = name if name in PERIODS else "week"
    length, steps = PERIODS[name]
    span = period(None, None, default=length, steps=steps)
    asked = {"by": by, "period": name} | ({"label": label} if label else {})
    found = report(
        store(), cast("By", by), span, label=label, namespaces=namespaces_seen(), most=most
    )
    return found, asked


def _lines(found: Report) -> Iterator[tuple[object, ...]]:
    for group in found.groups:
        for at, used in zip(found.moments, group.used, strict=True):
            limit = "" if group.limit is None else group.limit
            name, network = harmless(group.name), harmless(group.network or "")
            yield group.id or "", name, network, at.isoformat(), used, limit


def _url_of(
    by: By, group: Utilization, pool_link: Callable[[int | None], str] | None
) -> str | None:
    """Return the page about a group; None if there is none."""
    if pool_link is not None and group.network is not None:
        return pool_link(group.id)
    if by == "network" and group.network is not None:
        return url_for("web.network", network_id=group.id)
    if by == "node" and group.name:
        return url_for("web.node", node=group.name)
    if by == "namespace" and group.name:
        return url_for("web.search", q=f"{group.name}/")
    return None


def _rest(at: datetime | None) -> timedelta | None:
    return None if at is None else max(at - datetime.now(UTC), timedelta(0))
