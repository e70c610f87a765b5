"""The cases recorded from upstream, through the plugin and straight against `/cni`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance import differences
from conformance.case import DEFAULT, STRICT, recorded
from conformance.judge import judge
from conformance.play import asked_for_strict

if TYPE_CHECKING:
    from conformance.case import Case
    from conformance.play import Stage

CASES = {case.id: case for case in recorded()}
CONCURRENCY = [case for case in CASES.values() if case.fixture == "concurrency"]
ONE_CALL = [
    case
    for case in CASES.values()
    if case.kind != "reference" and case.fixture != "concurrency" and case not in CONCURRENCY
]
DEVIATING = [case for case in ONE_CALL if case.kind == "deviate?"]


def play(stage: Stage, case: Case, *, through: str, mode: str, server: str) -> None:
    expect = differences.expectation(case, mode)
    if expect is None:
        pytest.fail("this case says nothing about us and should not have been collected")
    differs = case.id in differences.DIFFERENCES and expect is not case.expect[mode]
    phrases = () if differs else differences.SAYS.get(case.id, (expect.get("gist", ""),))
    answer = stage.play(case, expect, through=through, mode=server, phrases=phrases)
    if case.stdout is not None and not differs:
        assert answer.stdout.decode() == case.stdout.decode()


def collected(mode: str, through: str) -> list[Case]:
    return [
        case
        for case in ONE_CALL
        if differences.expectation(case, mode) is not None
        and not (through == "http" and case.id in differences.PLUGIN_ONLY)
    ]


@pytest.mark.parametrize("case", collected(DEFAULT, "plugin"), ids=lambda case: case.id)
def test_the_plugin_answers_as_recorded_or_better(stage: Stage, case: Case) -> None:
    play(stage, case, through="plugin", mode=DEFAULT, server=DEFAULT)


@pytest.mark.parametrize("case", collected(DEFAULT, "http"), ids=lambda case: case.id)
def test_the_server_answers_as_recorded_or_better(stage: Stage, case: Case) -> None:
    play(stage, case, through="http", mode=DEFAULT, server=DEFAULT)


@pytest.mark.parametrize("case", collected(STRICT, "plugin"), ids=lambda case: case.id)
def test_the_plugin_answers_as_recorded_in_strict_mode(stage: Stage, case: Case) -> None:
    play(stage, case, through="plugin", mode=STRICT, server=STRICT)


@pytest.mark.parametrize("case", collected(STRICT, "http"), ids=lambda case: case.id)
def test_the_server_answers_as_recorded_in_strict_mode(stage: Stage, case: Case) -> None:
    play(stage, case, through="http", mode=STRICT, server=STRICT)


@pytest.mark.parametrize("case", DEVIATING, ids=lambda case: case.id)
def test_a_configuration_may_ask_for_strict_mode_itself(stage: Stage, case: Case) -> None:
    play(stage, asked_for_strict(case), through="plugin", mode=STRICT, server=DEFAULT)


@pytest.mark.parametrize("through", ["plugin", "http"])
@pytest.mark.parametrize("case", CONCURRENCY, ids=lambda case: case.id)
def test_concurrent_adds_get_distinct_addresses(stage: Stage, case: Case, through: str) -> None:
    number = case.expect[DEFAULT]["concurrent"]
    caller = stage.caller(through, DEFAULT)

    def add(pod: int) -> str:
        env = {
            **case.call.env,
            "CNI_CONTAINERID": f"ctr-{pod}",
            "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod-{pod}",
        }
        answer = caller.run(replace(case.call, env=env))
        judge({}, answer)
        return str(answer.document["ips"][0]["address"])

    with ThreadPoolExecutor(32) as threads:
        addresses = list(threads.map(add, range(number)))
    assert len(set(addresses)) == number
    assert len(stage.database.reserved()) == number
