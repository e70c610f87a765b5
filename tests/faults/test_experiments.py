"""The main experiments of docs/reliability.md with small figures; `make faults` has all of them, and the true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults.columns import EXPERIMENTS, SCALED, Experiment

if TYPE_CHECKING:
    from faults.experiments import Laboratory

CASES = [
    pytest.param(
        experiment,
        id=experiment.name,
        marks=[pytest.mark.needs(*experiment.needs)] if experiment.needs else [],
    )
    for experiment in EXPERIMENTS
    if experiment.in_suite
]


@pytest.mark.parametrize("experiment", CASES)
def test_what_was_promised_was_kept_or_the_control_shows_the_loss(
    laboratory: Laboratory, experiment: Experiment
) -> None:
    report = experiment.run(laboratory, SCALED)
    assert not experiment.judge(report), f"{experiment.name}: {report}"
