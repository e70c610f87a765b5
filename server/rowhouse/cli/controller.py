"""`rowhouse controller` and `rowhouse reconcile`: release addresses that no running pod holds."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from rowhouse import telemetry
from rowhouse.cli import commands
from rowhouse.cli.cluster_options import cluster_options, mirror_namespace_option
from rowhouse.cli.output import Column, Printer, output_option
from rowhouse.cli.times import Duration, span
from rowhouse.domain import defaults
from rowhouse.domain.echo import shown
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.k8s.client import kubernetes_client
from rowhouse.k8s.controller import Controller, MirrorSettings, Timing
from rowhouse.k8s.health import serve_health
from rowhouse.k8s.mirror.mirror import Pacing
from rowhouse.k8s.pods import KubernetesPods
from rowhouse.settings import Settings
from rowhouse.store.connection.opening import connect

if TYPE_CHECKING:
    from rowhouse.cli.output import Format
    from rowhouse.ipam.reconcile import Finding

_COLUMNS = (
    Column("ADDRESS", "address"),
    Column("POD", "pod"),
    Column("NODE", "node"),
    Column("INTERFACE", "interface"),
    Column("AGE", "age"),
    Column("REASON", "reason"),
)


_grace = click.option(
    "--grace",
    type=Duration(),
    default=f"{defaults.GRACE_SECONDS:g}s",
    show_default=True,
    help="Minimum age before release, and the interval between the two checks.",
)


@commands.command(short_help="Continuously release addresses that no running pod holds.")
@cluster_options
@_grace
@click.option(
    "--settle",
    type=Duration(),
    default=f"{defaults.SETTLE_SECONDS:g}s",
    show_default=True,
    help="Delay between the end of a watched pod and the second check of it.",
)
@click.option(
    "--interval",
    type=Duration(least=1),
    default=f"{defaults.PASS_SECONDS / 60:g}m",
    show_default=True,
    help="Interval between full passes when there is nothing new.",
)
@click.option(
    "--listen",
    default=defaults.HEALTH_BIND,
    show_default=True,
    metavar="HOST:PORT",
    help="Address for /healthz, /readyz and /metrics. Port 0 picks a free port.",
)
@click.option(
    "--mirror/--no-mirror",
    envvar="ROWHOUSE_MIRROR",
    default=False,
    show_default=True,
    help="Also maintain whereabouts' IPPool and OverlappingRangeIPReservation objects (ROWHOUSE_MIRROR).",
)
@mirror_namespace_option
@click.option(
    "--mirror-rate",
    envvar="ROWHOUSE_MIRROR_RATE",
    type=click.FloatRange(min=0.1),
    default=defaults.MIRROR_WRITES_PER_SECOND,
    show_default=True,
    help="Maximum number of writes per second to the API server (ROWHOUSE_MIRROR_RATE).",
)
@click.option(
    "--mirror-resync",
    envvar="ROWHOUSE_MIRROR_RESYNC",
    type=Duration(least=1),
    default=f"{defaults.MIRROR_RESYNC_SECONDS / 60:g}m",
    show_default=True,
    help="Interval between full resyncs of the objects (ROWHOUSE_MIRROR_RESYNC).",
)
def controller(  # noqa: PLR0913 - its options
    *,
    cluster: str,
    kubeconfig: str | None,
    context: str | None,
    grace: float,
    settle: float,
    interval: float,
    listen: str,
    mirror: bool,
    mirror_namespace: str,
    mirror_rate: float,
    mirror_resync: float,
) -> None:
    """Continuously release addresses that no running pod holds.

    With several replicas, one is the leader. ROWHOUSE_DATABASE_URL must name the database itself, not
    PgBouncer in transaction mode, because the leader's lock belongs to its connection.
    """
    settings = Settings.from_environment()
    telemetry.configure_logging(level=settings.log_level)
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise click.BadParameter(f"{shown(listen)} is not HOST:PORT", param_hint="--listen")
    client = kubernetes_client(kubeconfig, context)
    running = Controller(
        settings.database,
        cluster,
        client,
        Timing(grace=grace, settle=settle, interval=interval),
        MirrorSettings(
            namespace=mirror_namespace, pacing=Pacing(rate=mirror_rate, resync=mirror_resync)
        )
        if mirror
        else None,
        request_days=settings.request_retention_days,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    bound = serve_health(running.checks, host.strip("[]"), int(port))
    click.echo(f"rowhouse: controller of cluster {cluster!r}, health on {host}:{bound}")
    running.run(stop)


@commands.command(short_help="Release addresses that no running pod holds, once.")
@cluster_options
@_grace
@click.option(
    "--dry-run", is_flag=True, help="Show what would be released and why, but release nothing."
)
@output_option
def reconcile(
    *,
    cluster: str,
    kubeconfig: str | None,
    context: str | None,
    grace: float,
    dry_run: bool,
    form: Format,
) -> None:
    """Release addresses that no running pod holds, once.

    The command checks twice, --grace apart. With --dry-run it checks once and releases nothing.
    """
    settings = Settings.from_environment()
    client = kubernetes_client(kubeconfig, context)
    printer = Printer(form)
    with connect(settings.database) as session:
        session.autocommit = True
        once = Reconciler(
            session,
            cluster,
            KubernetesPods(client),
            grace=grace,
            actor="reconcile",
            dry_run=dry_run,
        )
        found = once.look()
        if found.findings and not dry_run:
            click.echo(
                f"{len(found.findings)} of {found.sandboxes} sandboxes seem unused;"
                f" the second check is in {span(grace)}",
                err=True,
            )
            time.sleep(grace)
            found = once.look()
    shown = [one for one in found.findings if dry_run or one.released]
    printer.items(
        [_document(one) for one in shown],
        _COLUMNS,
        nothing=f"running pods hold every address of {found.sandboxes} sandboxes",
    )


def _document(finding: Finding) -> dict[str, Any]:
    held = finding.held
    return {
        "address": ", ".join(finding.released or held.addresses),
        "pod": f"{held.namespace}/{held.pod}",
        "node": held.node,
        "interface": held.interface,
        "container_id": held.container_id,
        "age": span(held.age),
        "reason": finding.verdict.reason,
        "released": bool(finding.released),
    }
