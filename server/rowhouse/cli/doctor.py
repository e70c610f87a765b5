"""`rowhouse doctor`: check everything between a pod and its address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse import telemetry
from rowhouse.cli import commands
from rowhouse.cli.cluster_options import cluster_options
from rowhouse.cli.exits import INCOMPLETE, NOT_READY
from rowhouse.cli.output import Column, Printer, output_option
from rowhouse.cli.terminal import plain
from rowhouse.doctor.examination import examine
from rowhouse.doctor.surroundings import Surroundings

if TYPE_CHECKING:
    from rowhouse.cli.output import Format
    from rowhouse.doctor.examination import Result

_COLUMNS: Final = (
    Column("CHECK", "check"),
    Column("ABOUT", "about"),
    Column("STATE", "state"),
    Column("FOUND", "found"),
)


@commands.command(short_help="Check everything between a pod and its address.")
@cluster_options
@output_option
@click.pass_context
def doctor(
    ctx: click.Context, *, cluster: str, kubeconfig: str | None, context: str | None, form: Format
) -> None:
    """Check the database, the cluster and everything in between, with a remedy for each failure.

    The command changes nothing. Run it in a pod of the server or of the controller, or with a kubeconfig.
    Checks that cannot run there are skipped, with the reason. In a node's pod, run `rowhouse-node doctor`
    instead. The exit code is 4 if a check failed, 6 if there are only warnings, else 0.
    """
    telemetry.configure_logging(level="CRITICAL")  # the findings contain what the logs would
    results = examine(Surroundings(kubeconfig=kubeconfig, context=context, cluster=cluster))
    items = [item for result in results for item in _items(result)]
    printer = Printer(form)
    printer.items(items, _COLUMNS, nothing="")
    if printer.for_people:
        _tell_remedies(items)
    states = {item["state"] for item in items}
    ctx.exit(NOT_READY if "failed" in states else INCOMPLETE if "warning" in states else 0)


def _items(result: Result) -> list[dict[str, Any]]:
    return [
        {
            "check": result.name,
            "about": one.about,
            "state": one.state,
            "found": one.found,
            "remedy": one.remedy,
        }
        for one in result.findings
    ]


def _tell_remedies(items: list[dict[str, Any]]) -> None:
    """Print the remedies below the table, because they are long; failures first."""
    for state, color in (("failed", "red"), ("warning", "yellow")):
        for item in items:
            if item["state"] == state:
                about = f" ({item['about']})" if item["about"] else ""
                click.echo()
                found = plain(f"{state}: {item['check']}{about}: {item['found']}")
                click.secho(found, fg=color)
                click.echo(plain(f"  {item['remedy']}"))
