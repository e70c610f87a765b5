"""`rowhouse db repair`: rebuild history and free space from the reservations."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli import commands
from rowhouse.cli.exits import INCOMPLETE
from rowhouse.cli.operator import operator
from rowhouse.cli.options import dry_run_option
from rowhouse.domain.administration import Actor
from rowhouse.settings import Settings
from rowhouse.store.connection.database import Database
from rowhouse.store.history.repair import repair as repair_database

if TYPE_CHECKING:
    from rowhouse.store.history.repair import Change

MAX_SHOWN: Final = 50


@commands.command(short_help="Repair the problems in the view integrity_problems.")
@dry_run_option
def repair(*, dry_run: bool) -> None:
    """Repair history and free space so that they match reservations, pools, exclusions and gateways.

    Reservations do not change. Allocations wait while the command runs. The audit log records each change.
    The database user needs the role rowhouse_owner. Exits with 6 if problems remain that only a person can solve.
    """
    settings = Settings.from_environment()
    database = Database(settings.database, pool_size=1, wait=settings.pool_timeout)
    try:
        changes, problems = repair_database(database, Actor(name=operator()), dry_run=dry_run)
    finally:
        database.close()
    for change in changes[:MAX_SHOWN]:
        click.echo(_line(change))
    if len(changes) > MAX_SHOWN:
        click.echo(f"... and {len(changes) - MAX_SHOWN:,} more")
    counts = Counter(change.change for change in changes)
    summary = ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items()))
    if not changes:
        click.echo("nothing to repair")
    else:
        click.echo(f"{'would change' if dry_run else 'changed'}: {summary}")
    for problem in problems:
        click.echo(
            f"left: {_network(problem.network)}{problem.address}: {problem.problem}. {problem.repair}",
            err=True,
        )
    if problems:
        click.get_current_context().exit(INCOMPLETE)


def _line(change: Change) -> str:
    run = change.first if change.first == change.last else f"{change.first}-{change.last}"
    return f"{_network(change.network)}{run}: {change.change}"


def _network(name: str) -> str:
    return f"{name} " if name else ""
