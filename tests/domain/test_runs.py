"""Runs of addresses become one where they touch or overlap."""

from __future__ import annotations

import pytest

from rowhouse.domain.runs import Run, joined


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([("10.0.0.1", "10.0.0.4"), ("10.0.0.5", "10.0.0.9")], [("10.0.0.1", "10.0.0.9")]),
        ([("10.0.0.5", "10.0.0.9"), ("10.0.0.1", "10.0.0.7")], [("10.0.0.1", "10.0.0.9")]),
        ([("10.0.0.1", "10.0.0.9"), ("10.0.0.2", "10.0.0.3")], [("10.0.0.1", "10.0.0.9")]),
        (
            [("10.0.0.9", "10.0.0.9"), ("10.0.0.1", "10.0.0.7")],
            [("10.0.0.1", "10.0.0.7"), ("10.0.0.9", "10.0.0.9")],
        ),
        (
            [("::1", "::2"), ("255.255.255.255", "255.255.255.255"), ("::3", "::3")],
            [("255.255.255.255", "255.255.255.255"), ("::1", "::3")],
        ),
        ([], []),
    ],
)
def test_runs_are_joined_in_order(runs: list[Run], expected: list[Run]) -> None:
    assert joined(runs) == expected
    assert joined(reversed(runs)) == expected
