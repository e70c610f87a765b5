"""The cases made from public reports and real configurations, through the plugin and against `/cni`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.case import DEFAULT, STRICT, reported
from conformance.reported_differences import DIFFERENCES, expectation

if TYPE_CHECKING:
    from conformance.case import Case
    from conformance.play import Stage

CASES = {case.id: case for case in reported()}


def play(stage: Stage, case: Case, *, through: str, mode: str) -> None:
    expect = expectation(case, mode)
    if expect is None:
        pytest.fail("this case says nothing about this mode and should not have been collected")
    answer = stage.play(case, expect, through=through, mode=mode)
    if "gist" in expect:
        document = answer.document
        text = f"{document['msg']}; {document.get('details', '')}"
        assert expect["gist"].lower() in text.lower()


def collected(mode: str) -> list[Case]:
    return [case for case in CASES.values() if expectation(case, mode) is not None]


@pytest.mark.parametrize("case", collected(DEFAULT), ids=lambda case: case.id)
def test_the_plugin_answers_as_reported_or_better(stage: Stage, case: Case) -> None:
    play(stage, case, through="plugin", mode=DEFAULT)


@pytest.mark.parametrize("case", collected(DEFAULT), ids=lambda case: case.id)
def test_the_server_answers_as_reported_or_better(stage: Stage, case: Case) -> None:
    play(stage, case, through="http", mode=DEFAULT)


@pytest.mark.parametrize("case", collected(STRICT), ids=lambda case: case.id)
def test_the_plugin_answers_as_reported_in_strict_mode(stage: Stage, case: Case) -> None:
    play(stage, case, through="plugin", mode=STRICT)


@pytest.mark.parametrize("case", collected(STRICT), ids=lambda case: case.id)
def test_the_server_answers_as_reported_in_strict_mode(stage: Stage, case: Case) -> None:
    play(stage, case, through="http", mode=STRICT)


def test_the_reported_cases_are_all_here() -> None:
    assert len(CASES) == len(reported()) == 106


def test_every_difference_names_a_reported_case() -> None:
    assert set(DIFFERENCES) <= set(CASES)


def test_what_is_better_than_upstream_is_spelled_out() -> None:
    deviating = {case.id for case in CASES.values() if case.kind == "deviate?"}
    # In R155 the better answer has the same address as upstream's.
    assert deviating - set(DIFFERENCES) == {"R155"}
