"""The main experiments of docs/reliability.md with small figures; `make faults` has all of them, and the true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults import service
from faults.columns import EXPERIMENTS, SCALED, Experiment
from faults.experiments import Laboratory
from faults.postgres import installation

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = [
    pytest.param(
        experiment,
        id=experiment.name,
        marks=[pytest.mark.needs(*experiment.needs)] if experiment.needs else [],
    )
    for experiment in EXPERIMENTS
    if experiment.in_suite
]


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory, seed: str) -> Iterator[Laboratory]:
    with installation() as installed:
        yield Laboratory(
            installed=installed,
            template=service.new_database(installed),
            folder=tmp_path_factory.mktemp("laboratory"),
            seed=seed,
        )


@pytest.mark.parametrize("experiment", CASES)
def test_what_was_promised_was_kept_or_the_control_shows_the_loss(
    laboratory: Laboratory, experiment: Experiment
) -> None:
    report = experiment.run(laboratory, SCALED)
    assert not experiment.judge(report), f"{experiment.name}: {report}"
