"""The audit of dependencies never calls a package clean without looking it up."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[1] / ".ci" / "audit.py"
SPEC = importlib.util.spec_from_file_location("audit", FILE)
assert SPEC is not None
assert SPEC.loader is not None
audit: Any = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)

PINS = {"click==8.5.1", "flask==3.1.3"}
CLICK = {"name": "click", "version": "8.5.1", "vulns": []}
FLASK = {"name": "flask", "version": "3.1.3", "vulns": []}
SKIPPED = {"name": "flask", "skip_reason": "Dependency not found on PyPI and could not be audited"}
BAD = {**FLASK, "vulns": [{"id": "PYSEC-2023-62", "fix_versions": ["3.1.4"], "aliases": []}]}


@pytest.mark.parametrize(
    ("dependencies", "status", "told"),
    [
        ([CLICK, FLASK], 0, "no known vulnerability in 2 packages"),
        ([CLICK, BAD], 1, "flask 3.1.3: PYSEC-2023-62 (mended in 3.1.4)"),
        ([CLICK, SKIPPED], 75, "NOT AUDITED, 1 of 2 packages: flask==3.1.3"),
        ([CLICK], 75, "NOT AUDITED, 1 of 2 packages: flask==3.1.3"),
        ([CLICK, {**FLASK, "version": "3.0.0"}], 75, "NOT AUDITED, 1 of 2 packages: flask==3.1.3"),
        ([], 75, "NOT AUDITED, 2 of 2 packages: click==8.5.1, flask==3.1.3"),
    ],
)
def test_only_a_whole_audit_without_a_find_is_clean(
    dependencies: list[dict[str, Any]], status: int, told: str
) -> None:
    assert audit.judge(PINS, {"dependencies": dependencies}) == (status, [told])


def test_a_find_counts_whatever_else_could_not_be_looked_up() -> None:
    status, told = audit.judge(PINS, {"dependencies": [BAD]})
    assert status == 1
    assert [line.split(":")[0] for line in told] == ["flask 3.1.3", "NOT AUDITED, 1 of 2 packages"]


def test_every_pin_is_looked_up() -> None:
    lock = (FILE.parents[1] / "requirements" / "dev.txt").read_text()
    pins = audit.pinned(lock)
    assert len(pins) == lock.count("==")
    assert {"flask", "psycopg", "gunicorn"} <= {pin.partition("==")[0] for pin in pins}
    assert all("==" in pin for pin in pins)
