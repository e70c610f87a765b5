"""`rowhouse controller` and `rowhouse reconcile`: addresses that no living pod holds."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from rowhouse import telemetry
from rowhouse.cli.cluster_options import cluster_options, mirror_namespace_option
from rowhouse.cli.output import FORMATS, Column, Printer
from rowhouse.cli.times import Duration, span
from rowhouse.domain import defaults
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.k8s.client import kubernetes_client
from rowhouse.k8s.controller import Controller, MirrorSettings, Timing
from rowhouse.k8s.health import serve_health
from rowhouse.k8s.mirror.mirror import Pacing
from rowhouse.k8s.pods import KubernetesPods
from rowhouse.settings import Settings
from rowhouse.store.connection.opening import connect

if TYPE_CHECKING:
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
    help="Nothing younger is judged; the two looks before a release are so far apart.",
)


@click.command(short_help="Release what no living pod holds, for as long as it runs.")
@cluster_options
@_grace
@click.option(
    "--settle",
    type=Duration(),
    default=f"{defaults.SETTLE_SECONDS:g}s",
    show_default=True,
    help="From the end of a pod that was watched to the second look at it.",
)
@click.option(
    "--interval",
    type=Duration(),
    default=f"{defaults.PASS_SECONDS / 60:g}m",
    show_default=True,
    help="Between full passes that find nothing new.",
)
@click.option(
    "--listen",
    default=defaults.HEALTH_BIND,
    show_default=True,
    metavar="HOST:PORT",
    help="Where /healthz, /readyz and /metrics are served; port 0 takes a free one.",
)
@click.option(
    "--mirror/--no-mirror",
    envvar="ROWHOUSE_MIRROR",
    default=False,
    show_default=True,
    help="Keep whereabouts' IPPool and OverlappingRangeIPReservation objects as well (ROWHOUSE_MIRROR).",
)
@mirror_namespace_option
@click.option(
    "--mirror-rate",
    envvar="ROWHOUSE_MIRROR_RATE",
    type=click.FloatRange(min=0.1),
    default=defaults.MIRROR_WRITES_PER_SECOND,
    show_default=True,
    help="Writes a second to the API server, at most (ROWHOUSE_MIRROR_RATE).",
)
@click.option(
    "--mirror-resync",
    envvar="ROWHOUSE_MIRROR_RESYNC",
    type=Duration(),
    default=f"{defaults.MIRROR_RESYNC_SECONDS / 60:g}m",
    show_default=True,
    help="Between looks at all objects (ROWHOUSE_MIRROR_RESYNC).",
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
    """Release addresses that no living pod holds, for as long as it runs.

    One of several replicas leads. The database is the one in ROWHOUSE_DATABASE_URL, itself and not
    PgBouncer in transaction mode: the leader's lock lives on the connection.
    """
    settings = Settings.from_environment()
    telemetry.configure_logging(level=settings.log_level)
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise click.BadParameter(f"{listen!r} is not HOST:PORT", param_hint="--listen")
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
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    bound = serve_health(running.checks, host.strip("[]"), int(port))
    click.echo(f"rowhouse: controller of cluster {cluster!r}, health on {host}:{bound}")
    running.run(stop)


@click.command(short_help="Look once for what no living pod holds, and release it.")
@cluster_options
@_grace
@click.option(
    "--dry-run", is_flag=True, help="Show what would be released, and why; release nothing."
)
@click.option("-o", "--output", "form", type=click.Choice(FORMATS), default=FORMATS[0])
def reconcile(
    *,
    cluster: str,
    kubeconfig: str | None,
    context: str | None,
    grace: float,
    dry_run: bool,
    form: str,
) -> None:
    """Look once for addresses that no living pod holds, and release them.

    There are two looks, --grace apart. With --dry-run there is one, and nothing is released.
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
                f" the second look is in {span(grace)}",
                err=True,
            )
            time.sleep(grace)
            found = once.look()
    shown = [one for one in found.findings if dry_run or one.released]
    printer.items(
        [_document(one) for one in shown],
        _COLUMNS,
        nothing=f"every address of {found.sandboxes} sandboxes is held by a living pod",
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
