"""`rowhouse db prune`: remove old history, old audit lines, and nodes that are gone."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Final

import click

from rowhouse.cli import commands
from rowhouse.cli.exits import INTERRUPTED
from rowhouse.cli.operator import operator
from rowhouse.cli.options import confirm, dry_run_option, note_dry_run, yes_option
from rowhouse.cli.times import Duration, span
from rowhouse.domain.administration import Actor
from rowhouse.domain.errors import RowhouseError
from rowhouse.domain.nodes import GONE_SECONDS
from rowhouse.ipam.retention import Pruning, prune_nodes
from rowhouse.settings import Settings
from rowhouse.store.connection.database import Database
from rowhouse.store.connection.rehearsal import rehearse
from rowhouse.store.history.retention import AUDIT, TENURES

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

_BATCH: Final = 2000


@commands.command(short_help="Remove old history, audit lines and nodes, in small transactions.")
@click.option(
    "--older-than", type=Duration(), help="Remove history that ended longer ago than this: 90d."
)
@click.option("--after", type=click.IntRange(0), default=0, help="Continue after this tenure id.")
@click.option(
    "--audit-older-than",
    type=Duration(),
    help="Remove audit lines written longer ago than this: 520w.",
)
@click.option(
    "--audit-after", type=click.IntRange(0), default=0, help="Continue after this audit line id."
)
@click.option(
    "--nodes-older-than",
    type=Duration(),
    help="Remove nodes that last reported longer ago than this: 30d.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 100_000),
    default=_BATCH,
    show_default=True,
    help="Rows per transaction.",
)
@yes_option
@dry_run_option
def prune(
    *,
    older_than: float | None,
    after: int,
    audit_older_than: float | None,
    audit_after: int,
    nodes_older_than: float | None,
    batch: int,
    yes: bool,
    dry_run: bool,
) -> None:
    """Remove old history, old audit lines and old nodes, in small transactions.

    Without --audit-older-than, all audit lines stay; without --nodes-older-than, all nodes. The command does
    not block allocations, and it keeps current tenures. Ctrl-C stops it between two transactions; it then prints
    where to continue. The audit log records each run. The database user needs the role rowhouse_owner: a server
    cannot remove history.
    """
    wanted = {"history": older_than, "audit lines": audit_older_than, "nodes": nodes_older_than}
    asked = [
        f"the {what} older than {span(age)}" for what, age in wanted.items() if age is not None
    ]
    if not asked:
        raise click.UsageError("Pass --older-than, --audit-older-than or --nodes-older-than.")
    if nodes_older_than is not None and nodes_older_than < GONE_SECONDS:
        raise click.UsageError("--nodes-older-than must be at least 1d: a node is late until then.")
    settings = Settings.from_environment()
    confirm(f"Remove {' and '.join(asked)}?", yes=yes or dry_run)
    database = Database(settings.database, pool_size=1, wait=settings.pool_timeout)
    actor = Actor(name=operator())
    with contextlib.ExitStack() as stack:
        stack.callback(database.close)
        used = stack.enter_context(rehearse(database)) if dry_run else database
        if older_than is not None:
            ended = Pruning(used, actor, kept=TENURES, seconds=older_than, after=after)
            _run(ended, batch, "tenures", "--after")
            click.echo(f"{ended.pruned:,} tenures removed that ended before {ended.before_text}")
        if audit_older_than is not None:
            written = Pruning(used, actor, kept=AUDIT, seconds=audit_older_than, after=audit_after)
            _run(written, batch, "audit lines", "--audit-after")
            click.echo(
                f"{written.pruned:,} audit lines removed that were written before {written.before_text}"
            )
        if nodes_older_than is not None:
            removed = prune_nodes(used, actor, seconds=nodes_older_than, at_most=batch)
            click.echo(
                f"{removed:,} nodes removed that did not report for {span(nodes_older_than)}"
            )
    note_dry_run(is_dry_run=dry_run)


def _run(pruning: Pruning, batch: int, what: str, option: str) -> None:
    try:
        with _bar(pruning, what) as bar:
            while pruning.step(batch):
                bar.update(max(0, pruning.last_id - bar.pos), pruning.last_id)
    except (KeyboardInterrupt, RowhouseError) as stop:
        click.echo(
            f"interrupted: {pruning.pruned:,} {what} removed;"
            f" continue with {option} {pruning.last_id}",
            err=True,
        )
        if isinstance(stop, RowhouseError):
            raise
        click.get_current_context().exit(INTERRUPTED)
    finally:
        pruning.record()


def _bar(pruning: Pruning, what: str) -> ProgressBar[int]:
    return click.progressbar(
        length=pruning.end_id,
        label=what,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        item_show_func=lambda _: f"{pruning.pruned:,} removed",
    )
