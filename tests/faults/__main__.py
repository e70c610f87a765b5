"""`make faults`: runs a column of the figures and prints what came of each experiment, round by round."""

from __future__ import annotations

import dataclasses
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from faults import service
from faults.columns import COLUMNS, EXPERIMENTS
from faults.experiment import total
from faults.experiments import Laboratory
from faults.postgres import installation
from fixtures.capabilities import lacking

if TYPE_CHECKING:
    from faults.columns import Column, Experiment
    from faults.experiment import Report


@click.command()
@click.argument("column", type=click.Choice(sorted(COLUMNS)), default="long")
@click.option("--seed", default="1", show_default=True, help="Of all dice.")
@click.option("--only", help="Experiments whose name has this in it.", default="")
def main(column: str, seed: str, only: str) -> None:
    """Run the experiments with the figures of a column; exit status 1 if one of them fails."""
    failed = 0
    with installation() as installed, tempfile.TemporaryDirectory() as folder:
        version = installed.run("postgres", "--version").split()[-1]
        say(
            f"column {column}, seed {seed}: {os.cpu_count()} CPUs, Linux {platform.release()}, PostgreSQL {version}"
        )
        laboratory = Laboratory(
            installed=installed,
            template=service.new_database(installed),
            folder=Path(folder),
            seed=seed,
        )
        for experiment in EXPERIMENTS:
            if only not in experiment.name:
                continue
            if reasons := [reason for need in experiment.needs if (reason := lacking(need))]:
                say(f"- {experiment.name}: not run, it {'; '.join(reasons)}")
                continue
            failed += not all_rounds(experiment, laboratory, COLUMNS[column])
    sys.exit(min(failed, 1))


def all_rounds(experiment: Experiment, laboratory: Laboratory, column: Column) -> bool:
    """Whether an experiment came out as it must; stops at the first round that did not."""
    rounds = experiment.rounds(column)
    reports = []
    for number in range(1, rounds + 1):
        own = dataclasses.replace(laboratory, seed=f"{laboratory.seed}.{number}")
        report = experiment.run(own, column.share() if rounds > 1 else column)
        reports.append(report)
        wrong = experiment.judge(report)
        if rounds > 1 or wrong:
            say(f"  round {number}: {said(experiment, report)}")
        if wrong:
            say(f"- {experiment.name}: {wrong}")
            return False
    say(f"- {experiment.name}: as it must be\n  {said(experiment, total(reports))}")
    return True


def said(experiment: Experiment, report: Report) -> str:
    """What came of it; of a control only how much of what was found, as that is what it is for."""
    if not experiment.control:
        return str(report)
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(report.verdict.found.items()))
    return f"{str(report).splitlines()[0]}: {kinds}"


def say(text: str) -> None:
    """Print at once: a long run is watched, and may be cut off."""
    print(text, flush=True)  # noqa: T201 - its output is its purpose


main()
