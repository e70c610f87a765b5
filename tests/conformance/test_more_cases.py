"""Our own cases of the same kind, through the plugin and straight against `/cni`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.case import DEFAULT, STRICT, ours

if TYPE_CHECKING:
    from conformance.case import Case
    from conformance.play import Stage

CASES = ours()


def collected(mode: str, through: str) -> list[Case]:
    return [case for case in CASES if mode in case.expect and case.only in {"", through}]


def case_id(case: Case) -> str:
    return f"{case.id}: {case.note}"


@pytest.mark.parametrize("case", collected(DEFAULT, "plugin"), ids=case_id)
def test_the_plugin_answers(stage: Stage, case: Case) -> None:
    stage.play(case, case.expect[DEFAULT], through="plugin", mode=DEFAULT)


@pytest.mark.parametrize("case", collected(DEFAULT, "http"), ids=case_id)
def test_the_server_answers(stage: Stage, case: Case) -> None:
    stage.play(case, case.expect[DEFAULT], through="http", mode=DEFAULT)


@pytest.mark.parametrize("case", collected(STRICT, "plugin"), ids=case_id)
def test_the_plugin_answers_in_strict_mode(stage: Stage, case: Case) -> None:
    stage.play(case, case.expect[STRICT], through="plugin", mode=STRICT)


@pytest.mark.parametrize("case", collected(STRICT, "http"), ids=case_id)
def test_the_server_answers_in_strict_mode(stage: Stage, case: Case) -> None:
    stage.play(case, case.expect[STRICT], through="http", mode=STRICT)
