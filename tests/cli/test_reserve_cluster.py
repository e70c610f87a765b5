"""A reservation for a pod without --cluster says so where there are clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from cli.conftest import Rowhouse

REPORT = """
INSERT INTO nodes (cluster, node, plugin_version, agent_version, kept_dels, kept_bytes, started_at, last_seen)
VALUES (%s, 'n1', '0.1.0', '0.1.0', 0, 0, now(), clock_timestamp())
"""
RESERVE = ("address", "reserve", "10.0.0.0/24", "--name", "web-0")
POD = ("--namespace", "shop", "--interface", "net1")


@pytest.mark.parametrize(
    ("clusters", "options", "is_noted"),
    [
        (["a", "b"], POD, True),
        (["a", "b"], (*POD, "--cluster", "a"), False),
        (["a", "b"], (), False),
        ([""], POD, False),
        ([], POD, False),
    ],
)
def test_a_missing_cluster_is_noted(
    rowhouse: Rowhouse,
    dba: psycopg.Connection[TupleRow],
    clusters: list[str],
    options: tuple[str, ...],
    *,
    is_noted: bool,
) -> None:
    for cluster in clusters:
        dba.execute(REPORT, (cluster,))
    rowhouse("pool", "create", "10.0.0.0/24")
    told = rowhouse(*RESERVE, *options).stderr
    if is_noted:
        assert 'the cluster "", but nodes belong to "a", "b".' in told
        assert "pass --cluster" in told
    else:
        assert told == ""
