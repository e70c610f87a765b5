"""`rowhouse mirror`: inspect and sync the mirror of whereabouts' objects."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import click

from rowhouse.cli import commands
from rowhouse.cli.cluster_options import cluster_options, mirror_namespace_option
from rowhouse.cli.output import Column, Printer, output_option
from rowhouse.cli.terminal import plain
from rowhouse.domain.defaults import MIRROR_WRITES_PER_SECOND
from rowhouse.k8s.client import kubernetes_client
from rowhouse.k8s.mirror.desired import DesiredPool
from rowhouse.k8s.mirror.mirror import Mirror, Pacing
from rowhouse.k8s.mirror.slices import DesiredSlicePool
from rowhouse.settings import Settings
from rowhouse.store.cluster.mirror import MirrorStore

if TYPE_CHECKING:
    from rowhouse.cli.output import Format
    from rowhouse.k8s.mirror.desired import Problem
    from rowhouse.k8s.mirror.writes import Change
    from rowhouse.store.cluster.mirror import Registered

_STATUS = (
    Column("CLUSTER", "cluster"),
    Column("NAMESPACE", "namespace"),
    Column("STATE", "state"),
    Column("IPPOOLS", "ippools"),
    Column("RESERVATIONS", "reservations"),
    Column("WAITING", "waiting"),
    Column("LAG", "lag"),
    Column("PROBLEMS", "problem_count"),
    Column("RESYNCED", "resynced_at", wide=True),
)
_PROBLEMS = (
    Column("CLUSTER", "cluster"),
    Column("OBJECT", "object"),
    Column("REASON", "reason"),
    Column("TEXT", "text"),
)
_CHANGES = (Column("ACTION", "action"), Column("OBJECT", "object"), Column("CHANGE", "change"))
_SILENT = 60.0
"""Seconds without a report after which a controller counts as gone; it reports every 15 seconds."""
_SHOWN = 3


@commands.group(short_help="Inspect and sync the mirror of whereabouts' objects.")
def mirror() -> None:
    """Inspect and sync the IPPool and OverlappingRangeIPReservation objects of `rowhouse controller --mirror`.

    The commands use the database in ROWHOUSE_DATABASE_URL.
    """


@mirror.command(short_help="Show the state of each cluster's mirror.")
@output_option
def status(*, form: Format) -> None:
    """Show each cluster's mirror: how far behind it is, and what it cannot express."""
    with MirrorStore(Settings.from_environment().database, "") as store:
        found = [_status(one) for one in store.registered()]
    printer = Printer(form)
    printer.items(
        found, _STATUS, nothing="no cluster has a mirror: see `rowhouse controller --mirror`"
    )
    problems = [
        {"cluster": one["cluster"], **problem} for one in found for problem in one["problems"]
    ]
    if printer.for_people and problems:
        click.echo()
        printer.items(problems, _PROBLEMS, nothing="")


@mirror.command(short_help="Show differences between objects and database.")
@cluster_options
@mirror_namespace_option
@click.option("--overwrite", is_flag=True, help="Include entries that the database never had.")
@output_option
def diff(
    *,
    cluster: str,
    kubeconfig: str | None,
    context: str | None,
    mirror_namespace: str,
    overwrite: bool,
    form: Format,
) -> None:
    """Show the differences between the objects and the database, and change nothing."""
    client = kubernetes_client(kubeconfig, context)
    with MirrorStore(Settings.from_environment().database, cluster) as store:
        one = _mirror(store, client, mirror_namespace, Pacing(), overwrite=overwrite)
        changes = one.plan()
    Printer(form).items(
        [_change(change) for change in changes],
        _CHANGES,
        nothing="the objects match the database",
    )
    _warn(one.problems)


@mirror.command(short_help="Update all objects now.")
@cluster_options
@mirror_namespace_option
@click.option(
    "--overwrite",
    is_flag=True,
    help="Also remove entries that the database never had: addresses that were not imported.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0.1),
    default=MIRROR_WRITES_PER_SECOND,
    show_default=True,
    help="Maximum number of writes per second.",
)
def resync(
    *,
    cluster: str,
    kubeconfig: str | None,
    context: str | None,
    mirror_namespace: str,
    overwrite: bool,
    rate: float,
) -> None:
    """Update all objects now, even if no controller maintains the mirror."""
    client = kubernetes_client(kubeconfig, context)
    with MirrorStore(Settings.from_environment().database, cluster) as store:
        one = _mirror(store, client, mirror_namespace, Pacing(rate=rate), overwrite=overwrite)
        tally = one.once()
        store.ask_for_everything()
    click.echo(f"{tally.written} objects written")
    _warn(one.problems)


def _mirror(
    store: MirrorStore, client: Any, namespace: str, pacing: Pacing, *, overwrite: bool
) -> Mirror:
    stop = threading.Event()
    return Mirror(store, client, namespace, stop, pacing, watch=False, overwrite=overwrite)


def _status(one: Registered) -> dict[str, Any]:
    report = one.report
    silent = one.reported_ago is None or one.reported_ago > _SILENT
    state = "no controller" if silent else report.get("trouble") or "running"
    lag = report.get("lag_seconds", 0.0)
    return {
        "cluster": one.cluster,
        "namespace": one.namespace,
        "state": state,
        "since": one.since.isoformat(timespec="seconds"),
        "reported_at": one.reported_at.isoformat(timespec="seconds") if one.reported_at else None,
        "ippools": report.get("ippools"),
        "reservations": report.get("reservations"),
        "waiting": report.get("writes_waiting", 0) + one.waiting,
        "lag": f"{lag:g} s",
        "lag_seconds": lag,
        "resynced_at": report.get("resynced_at"),
        "problem_count": report.get("problem_count", 0),
        "problems": report.get("problems", []),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.verb,
        "object": f"{change.kind}/{change.name}",
        "change": _described(change),
    }


def _described(change: Change) -> str:
    """Summarize the changes to an object."""
    if isinstance(change.desired, DesiredSlicePool):
        taken = sorted(change.desired.content.taken())
        return ", ".join(f"{part} {node}" for node, part in taken[:_SHOWN])
    if not isinstance(change.desired, DesiredPool):
        return change.desired.podref if change.desired else ""
    known = getattr(change.observed, "allocations", {})
    desired = change.desired.allocations
    said = [f"+{key} {holder.podref}" for key, holder in desired.items() if key not in known]
    said += [f"-{key} {holder.podref}" for key, holder in known.items() if key not in desired]
    said += [
        f"~{key} {holder.podref}"
        for key, holder in desired.items()
        if key in known and known[key] != holder
    ]
    more = f", … {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return ", ".join(said[:_SHOWN]) + more


def _warn(problems: list[Problem]) -> None:
    for one in problems:
        click.echo(plain(f"{one.object}: {one.text}"), err=True)
