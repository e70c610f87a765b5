"""`rowhouse pool fill`: how full a pool was over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli import commands, completions, lookup
from rowhouse.cli.options import client_options
from rowhouse.cli.output import Column
from rowhouse.cli.times import Moment

if TYPE_CHECKING:
    from rowhouse.cli.options import Session

_WIDTH: Final = 50
_COLUMNS: Final = (
    Column("TIME", "at"),
    Column("USED", "used", "number"),
    Column("", "bar", "bar"),
)


@commands.command(short_help="Show how many addresses were in use over time.")
@click.argument("text", metavar="POOL", shell_complete=completions.pools)
@click.option(
    "--network",
    shell_complete=completions.networks,
    help="The pool's network, if several networks have this CIDR.",
)
@click.option(
    "--since", type=Moment(), help="Start at this time, or this long ago: 7d. Default: 1d."
)
@click.option("--until", type=Moment(), help="End at this time. Default: now.")
@click.option(
    "--steps",
    type=click.IntRange(1, 1000),
    default=24,
    show_default=True,
    help="Number of equal parts of the period.",
)
@client_options
def fill(
    session: Session,
    *,
    text: str,
    network: str | None,
    since: str | None,
    until: str | None,
    steps: int,
) -> None:
    """Show how many addresses of a pool were in use, at regular intervals."""
    found = lookup.pool(session.client, text, network)
    path = f"/pools/{found['id']}/fill"
    moments = session.client.get(path, since=since, until=until, steps=steps)["moments"]
    if session.printer.for_people:
        most = max(moment["used"] for moment in moments) or 1
        moments = [
            {**moment, "at": moment["at"][:19] + "Z", "bar": moment["used"] * _WIDTH // most}
            for moment in moments
        ]
    session.printer.items(moments, _COLUMNS, nothing="no samples in this period")
