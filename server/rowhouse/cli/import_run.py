"""Run an import with a progress bar; it can be interrupted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from rowhouse.cli.exits import INTERRUPTED
from rowhouse.domain.errors import RowhouseError

if TYPE_CHECKING:
    from rowhouse.cli.import_report import Report
    from rowhouse.ipam.importing import Import


def run(work: Import, report: Report, *, length: int, source: str) -> Report:
    """Run the import and report it. Completed batches stay after an interruption."""
    bar = click.progressbar(
        length=length, label="addresses", file=sys.stderr, hidden=not sys.stderr.isatty()
    )
    try:
        with bar:
            for finding in work.findings():
                report.add(finding)
                if finding.source:
                    bar.update(1)
    except (KeyboardInterrupt, RowhouseError) as stop:
        if not report.dry_run:
            click.echo(
                f"interrupted: {report.summary}; run the command again to continue", err=True
            )
        if isinstance(stop, RowhouseError):
            raise
        click.get_current_context().exit(INTERRUPTED)
    if not report.dry_run:
        work.record(source, dict(report.counts))
    return report
