"""How host-local, the reference IPAM plugin, differs: the contrast rows, run against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.case import DEFAULT, recorded
from conformance.judge import UPSTREAM_WRAPPER, judge
from fixtures.calls import ThroughPlugin
from fixtures.capabilities import reference_plugins

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.case import Case

CASES = [case for case in recorded() if case.kind == "reference"]


@pytest.mark.needs("reference-plugins")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_host_local_answers_as_recorded(case: Case, tmp_path: Path) -> None:
    folder = reference_plugins()
    assert folder is not None
    host_local = ThroughPlugin(folder / "host-local", "http://127.0.0.1:1", tmp_path)
    case = case.at(tmp_path)
    for step in case.before:
        judge(step.expect, host_local.run(step.call))
    answer = host_local.run(case.call)
    expect = case.expect[DEFAULT]
    if expect.get("error_code") == UPSTREAM_WRAPPER:
        assert answer.code == UPSTREAM_WRAPPER
        assert expect["gist"] in answer.document["msg"]
    elif "addresses" in expect:
        ips = answer.document["ips"]
        assert [ip["address"] for ip in ips] == expect["addresses"]
        assert [ip["gateway"] for ip in ips] == expect.get(
            "gateways", [ip["gateway"] for ip in ips]
        )
    else:
        judge(expect, answer)
