"""The benches still run on the current schema. Their figures need an idle machine, so no test looks at one."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]
# The other parts fill tables for minutes.
SHORT: dict[str, dict[str, object]] = {
    "claims": {"CLAIMS": 100, "ROUNDS": 1, "SECONDS": 0.1, "WARM_SECONDS": 0.5, "PROCESSES": 2},
    "connections": {"ROUNDS": 1, "SECONDS": 1, "IDLE": 50, "UNREAD": 5, "UNSENT": 5},
    "history": {"TENURES": 10_000, "PODS": 1_000, "ROUNDS": 1, "QUESTIONS": 20},
    "outbox": {"ROUNDS": 1, "SECONDS": 1},
    "plugin_process": {"REPEATS": 2, "WARM": 1, "BURSTS": {3: 1}, "TARGETED_BURST": 3},
}


@pytest.fixture(params=SHORT)
def part(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    module = importlib.import_module(f"bench.{request.param}")
    for name, value in SHORT[request.param].items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.mark.slow
def test_a_bench_runs_on_the_current_schema(part: ModuleType) -> None:
    measured = list(part.run())
    assert measured
    assert all(one.runs for one in measured)
