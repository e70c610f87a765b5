"""`rowhouse db prune`: forget history that is old enough."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli.exits import INTERRUPTED
from rowhouse.cli.operator import operator
from rowhouse.cli.options import confirm, yes_option
from rowhouse.cli.times import Duration, span
from rowhouse.domain.administration import Actor
from rowhouse.domain.errors import RowhouseError
from rowhouse.ipam.retention import Pruning
from rowhouse.settings import Settings
from rowhouse.store.connection.database import Database

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

_BATCH: Final = 2000


@click.command(short_help="Remove old history, in small transactions.")
@click.option(
    "--older-than", type=Duration(), required=True, help="What ended longer ago than that: 90d."
)
@click.option("--after", type=click.IntRange(0), default=0, help="Go on behind this tenure's id.")
@click.option(
    "--batch",
    type=click.IntRange(1, 100_000),
    default=_BATCH,
    show_default=True,
    help="Rows a transaction.",
)
@yes_option
def prune(*, older_than: float, after: int, batch: int, yes: bool) -> None:
    """Remove history that ended longer ago than that, in small transactions.

    Nobody waits for it, and what is held now stays. Ctrl-C stops it between two transactions; it
    then tells where to go on. The audit log says who removed how much. The database user needs the role
    rowhouse_owner: a server can not remove history.
    """
    settings = Settings.from_environment()
    confirm(f"Remove the history that ended more than {span(older_than)} ago?", yes=yes)
    database = Database(settings.database, pool_size=1, wait=settings.pool_timeout)
    pruning = Pruning(database, Actor(name=operator()), seconds=older_than, after=after)
    try:
        with _bar(pruning) as bar:
            while pruning.step(batch):
                bar.update(max(0, pruning.last_id - bar.pos), pruning.last_id)
    except (KeyboardInterrupt, RowhouseError) as stop:
        click.echo(
            f"interrupted: {pruning.pruned:,} tenures removed;"
            f" go on with --after {pruning.last_id}",
            err=True,
        )
        if isinstance(stop, RowhouseError):
            raise
        click.get_current_context().exit(INTERRUPTED)
    finally:
        pruning.record()
        database.close()
    click.echo(f"{pruning.pruned:,} tenures removed that ended before {pruning.before_text}")


def _bar(pruning: Pruning) -> ProgressBar[int]:
    return click.progressbar(
        length=pruning.end_id,
        label="history",
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        item_show_func=lambda _: f"{pruning.pruned:,} removed",
    )
