"""`rowhouse import`: the commands. `importers/` reads the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rowhouse.cli import commands
from rowhouse.cli.exits import INCOMPLETE, NOT_FOUND, Failure
from rowhouse.cli.import_pods import hold, pods, resume
from rowhouse.cli.import_report import Report
from rowhouse.cli.import_run import run
from rowhouse.cli.import_whereabouts_source import source_options
from rowhouse.cli.operator import operator
from rowhouse.cli.options import dry_run_option
from rowhouse.cli.output import Printer, output_option
from rowhouse.cli.terminal import plain
from rowhouse.domain.administration import Actor
from rowhouse.importers.whereabouts.inventory import inventory
from rowhouse.ipam.importing import Import
from rowhouse.settings import Settings
from rowhouse.store.connection import schema
from rowhouse.store.connection.database import Database

if TYPE_CHECKING:
    from rowhouse.cli.import_whereabouts_source import Source
    from rowhouse.cli.output import Format
    from rowhouse.domain.importing import Inventory
    from rowhouse.importers.whereabouts.objects import Objects


@commands.group()
def import_() -> None:
    """Import addresses from another IPAM."""


for _command in (pods, hold, resume):
    import_.add_command(_command)


@import_.command(short_help="Import the pools and addresses of whereabouts.")
@source_options
@dry_run_option
@click.option(
    "--release-gone",
    is_flag=True,
    help="Release addresses that were imported earlier, are unchanged since, and are gone from whereabouts.",
)
@click.option(
    "--isolated",
    multiple=True,
    metavar="POOL",
    help="Name or CIDR of an IPPool with enable_overlapping_ranges: false. May be repeated.",
)
@output_option
def whereabouts(
    source: Source,
    *,
    cluster: str,
    dry_run: bool,
    release_gone: bool,
    isolated: tuple[str, ...],
    form: Format,
) -> None:
    """Import the pools and addresses of whereabouts, from the cluster or from files.

    PATH is a file, or a folder of files, written by `kubectl get ippools,
    overlappingrangeipreservations,nodeslicepools,pods -A -o yaml`; "-" is standard input.
    Without PATH, the command reads the cluster itself.

    The command uses the database in ROWHOUSE_DATABASE_URL directly, in small transactions, and can be
    repeated at any time. Existing reservations stay as they are; conflicts are reported and left alone.
    Exit code 6 means that it finished but left out what it reports.
    """
    settings = Settings.from_environment()
    objects = source.read()
    found = inventory(objects, isolated=frozenset(isolated))
    _tell(objects, found)
    schema.check(settings.database)
    database = Database(settings.database, pool_size=1, wait=settings.pool_timeout)
    try:
        report = run(
            Import(
                database,
                Actor(name=operator()),
                cluster,
                found,
                dry_run=dry_run,
                release_gone=release_gone,
            ),
            Report(found.not_taken, dry_run=dry_run),
            length=len(found.addresses),
            source=str(source),
        )
    finally:
        database.close()
    report.show(Printer(form), wide=form.kind == "wide")
    if report.incomplete:
        click.get_current_context().exit(INCOMPLETE)


def _tell(objects: Objects, found: Inventory) -> None:
    """Print notes about the source before the report."""
    if not (found.pools or found.addresses or found.not_taken):
        raise Failure(
            "found no IPPool, no OverlappingRangeIPReservation and no NodeSlicePool",
            hint="Check that the cluster, file or namespace is the right one.",
            exit_code=NOT_FOUND,
        )
    for kind, number in sorted(objects.others.items()):
        click.echo(plain(f"ignored: {number} objects of kind {kind}"), err=True)
    if objects.pods is None:
        click.echo(
            "the objects contain no pods: nodes and missing interfaces stay unknown"
            " (add kubectl get pods -A -o yaml)",
            err=True,
        )
