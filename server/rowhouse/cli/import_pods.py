"""`rowhouse import pods`, `hold` and `resume`: running pods keep their addresses after a restore or a move."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

import click

from rowhouse.cli import commands
from rowhouse.cli.cluster_options import cluster_options
from rowhouse.cli.exits import INCOMPLETE
from rowhouse.cli.import_report import Report
from rowhouse.cli.import_run import run
from rowhouse.cli.operator import operator
from rowhouse.cli.options import dry_run_option, note_dry_run
from rowhouse.cli.output import Printer, output_option
from rowhouse.cni.configurations import Configurations
from rowhouse.cni.definitions import ranges_of
from rowhouse.domain.administration import Actor
from rowhouse.domain.errors import RowhouseError
from rowhouse.importers.files import read_files
from rowhouse.importers.pods.inventory import inventory_of
from rowhouse.importers.pods.objects import RunningObjects, read_running
from rowhouse.ipam.importing import Import
from rowhouse.k8s.client import kubernetes_client
from rowhouse.settings import Settings
from rowhouse.store.allocation import importing
from rowhouse.store.connection import schema
from rowhouse.store.connection.database import Database
from rowhouse.store.connection.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.cli.output import Format
    from rowhouse.domain.importing import Inventory, KnownRanges
    from rowhouse.importers.pods.inventory import RunningPods


@commands.command(short_help="Import the addresses of running pods.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@cluster_options
@dry_run_option
@output_option
def pods(
    *,
    paths: tuple[str, ...],
    cluster: str,
    kubeconfig: str | None,
    context: str | None,
    dry_run: bool,
    form: Format,
) -> None:
    """Import the addresses of the running pods, from the cluster or from files.

    Use it after a restore, or to move from another IPAM while its pods keep running. The addresses come from
    each pod's network status, the ranges from each NAD. The addresses become attached reservations, which the
    DEL of the pod releases.

    PATH is a file written by `kubectl get pods,network-attachment-definitions -A -o json`, or a
    folder of such files; "-" is standard input. Without PATH, the command reads the cluster itself.

    The command uses the database in ROWHOUSE_DATABASE_URL directly, and can be repeated at any time. Exit
    code 6 means that it finished but left out what it reports.
    """
    if paths and (kubeconfig or context):
        raise click.UsageError("--kubeconfig and --context are for a live cluster")
    # With a hundred thousand pods in memory to the end, the collector would rescan them again and again.
    gc.disable()
    settings = Settings.from_environment()
    objects = _read(paths, kubeconfig, context)
    running = objects.running()
    with _database(settings) as database:
        found = _inventory(running, objects.definitions, settings, database)
        work = Import(
            database,
            Actor(name=operator()),
            cluster,
            found,
            dry_run=dry_run,
            running_at=running.listed_at,
        )
        source = f"pods: {', '.join(paths) or 'the cluster'}"
        report = Report(found.not_taken, dry_run=dry_run)
        run(work, report, length=len(found.addresses), source=source)
    report.show(Printer(form), wide=form.kind == "wide")
    if report.incomplete:
        click.get_current_context().exit(INCOMPLETE)


@commands.command()
@click.option("--reason", default="a restore is under way", show_default=True)
@dry_run_option
def hold(*, reason: str, dry_run: bool) -> None:
    """Hold back new addresses until the running pods are imported.

    An ADD that needs a new address fails with "try again" (code 11), except for pools that `rowhouse import
    pods` has read since. A pod still gets an address that it already holds. `rowhouse import resume` ends this.
    """
    with _database(Settings.from_environment(), dry_run=dry_run) as database:
        begun = importing.hold(database, Actor(name=operator()), reason)
    click.echo(
        "New addresses are now held back." if begun else "New addresses are already held back."
    )
    note_dry_run(is_dry_run=dry_run)


@commands.command()
@dry_run_option
def resume(*, dry_run: bool) -> None:
    """Let all pools assign addresses again."""
    with _database(Settings.from_environment(), dry_run=dry_run) as database:
        ended = importing.resume(database, Actor(name=operator()))
    click.echo("All pools assign addresses again." if ended else "No addresses were held back.")
    note_dry_run(is_dry_run=dry_run)


@contextlib.contextmanager
def _database(settings: Settings, *, dry_run: bool = False) -> Iterator[Database]:
    schema.check(settings.database)
    database = Database(settings.database, pool_size=1, wait=settings.pool_timeout)
    try:
        with rehearse(database) if dry_run else contextlib.nullcontext(database) as used:
            yield used
    finally:
        database.close()


def _read(paths: tuple[str, ...], kubeconfig: str | None, context: str | None) -> RunningObjects:
    if not paths:
        with kubernetes_client(kubeconfig, context) as client:
            return read_running(client)
    objects = RunningObjects()
    read_files(paths, objects)
    if not objects.definitions:
        raise click.UsageError(
            "the files contain no NetworkAttachmentDefinition, and so no range. Create them with"
            " kubectl get pods,network-attachment-definitions -A -o json"
        )
    return objects


def _inventory(
    running: RunningPods, definitions: dict[str, str], settings: Settings, database: Database
) -> Inventory:
    configurations = Configurations(settings.compat, settings.cni_defaults)
    named = importing.named_pools(database)
    used = {one.network for pod in running.pods for one in pod.interfaces}
    ranges: dict[str, KnownRanges] = {}
    unusable: dict[str, str] = {}
    for name in sorted(used & set(definitions)):
        try:
            ranges[name] = ranges_of(
                name.partition("/")[2], definitions[name], configurations, named
            )
        except RowhouseError as error:
            unusable[name] = error.message
    return inventory_of(running, ranges, unusable)
