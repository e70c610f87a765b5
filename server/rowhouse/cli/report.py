"""`rowhouse report`: how many addresses each namespace, cluster, node, network, pool or label held over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

import click

from rowhouse.cli import commands
from rowhouse.cli.filters import network_filter
from rowhouse.cli.options import list_options
from rowhouse.cli.output import Column
from rowhouse.cli.times import Moment
from rowhouse.domain.reports import By

if TYPE_CHECKING:
    from rowhouse.cli.client.client import Document
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("GROUP", "name"),
    Column("NETWORK", "network", "network", wide=True),
    Column("USED", "now", "number"),
    Column("CHANGE", "change", "change"),
    Column("TREND", "trend"),
    Column("AVERAGE", "average", "number"),
    Column("MOST", "most", "number"),
    Column("LIMIT", "limit", "number"),
    Column("USED %", "percent", "percent"),
    Column("FULL", "full_at", "moment"),
    Column("BEGUN", "begun", "number", wide=True),
    Column("ENDED", "ended", "number", wide=True),
)
_HEIGHTS: Final = "▁▂▃▄▅▆▇█"


@commands.command(short_help="Addresses held over time, by namespace, network, label and more.")
@click.option(
    "--by",
    type=click.Choice(get_args(By)),
    help="Group addresses by this. Default: namespace; with --label, label.",
)
@click.option("--label", metavar="KEY", default="", help="Group by this label of pools.")
@network_filter
@click.option(
    "--since", type=Moment(), help="Start at this time, or this long ago: 30d. Default: 7d."
)
@click.option("--until", type=Moment(), help="End at this time. Default: now.")
@click.option(
    "--steps",
    type=click.IntRange(1, 400),
    default=28,
    show_default=True,
    help="Number of equal parts of the period.",
)
@list_options
def report(session: Session, *, by: By | None, label: str, **period: str | int | None) -> None:
    """Show how many addresses each group held over a period, the largest first.

    LIMIT is the number of addresses that the group's pools can assign, or the quota of a namespace over all pools.
    FULL forecasts when the group reaches its limit at the rate of the period. A forecast needs a clear trend, and a
    period that ends now.
    """
    by = by or ("label" if label else "namespace")
    found = session.client.get("/reports/utilization", by=by, label=label, **period)
    groups = [_figures(group, found["moments"]) for group in found["groups"]]
    session.printer.items(groups, _COLUMNS, nothing="no addresses were held in this period")


def _figures(group: Document, moments: list[str]) -> Document:
    used = group["used"]
    most = max(used) or 1
    trend = "".join(_HEIGHTS[count * (len(_HEIGHTS) - 1) // most] for count in used)
    return {
        **group,
        "now": used[-1],
        "change": used[-1] - used[0],
        "trend": trend,
        "moments": moments,
    }
