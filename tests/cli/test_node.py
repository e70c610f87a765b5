"""`rowhouse node list`, and the removal of nodes that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from cli.conftest import Rowhouse

    Session = psycopg.Connection[TupleRow]

REPORTED = """
INSERT INTO nodes (cluster, node, plugin_version, agent_version, kept_dels, kept_bytes, started_at, last_seen)
SELECT cluster, node, '0.1.0', '0.1.0', 2, 512, now(), clock_timestamp() - age
  FROM (VALUES ('a', 'n1', interval '10 s'), ('a', 'n2', interval '6 min'), ('b', 'n1', interval '40 days'),
               ('b', 'n2', interval '29 days')) AS told (cluster, node, age)
"""


def left(dba: Session) -> list[str]:
    return [row[0] for row in dba.execute("SELECT cluster || '/' || node FROM nodes ORDER BY 1")]


def test_the_list_says_how_long_a_node_was_not_seen(rowhouse: Rowhouse, dba: Session) -> None:
    assert "no node has reported" in rowhouse("node", "list").stderr
    dba.execute(REPORTED.encode())
    lines = rowhouse("node", "list").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        *(["n1", "a"], ["n2", "a"], ["n1", "b"], ["n2", "b"]),
    ]
    assert "current" in lines[1]
    assert "not seen for 6m" in lines[2]
    assert "not seen for 40d" in lines[3]
    assert [one["node"] for one in rowhouse.items("node", "list", "--cluster", "a")] == ["n1", "n2"]
    assert [one["state"] for one in rowhouse.items("node", "list", "--node", "n2")] == [
        *("late", "gone"),
    ]
    [late] = rowhouse.items("node", "list", "--state", "late")
    assert (late["cluster"], late["node"]) == ("a", "n2")


def test_prune_removes_nodes_that_are_gone(direct: Rowhouse, dba: Session) -> None:
    dba.execute(REPORTED.encode())
    told = direct("db", "prune", "--nodes-older-than", "30d", "--batch", "1", "--yes").stdout
    assert told == "1 nodes removed that did not report for 30d\n"
    assert left(dba) == ["a/n1", "a/n2", "b/n2"]
    direct("db", "prune", "--nodes-older-than", "1d", "--batch", "1", "--yes")
    assert left(dba) == ["a/n1", "a/n2"]
    entries = direct.items("audit", "--action", "node.prune")
    assert [(one["object"], one["after"]["pruned"]) for one in entries] == [("nodes", 1)] * 2


@pytest.mark.parametrize("age", ["0s", "5m", "23h"])
def test_a_node_that_is_only_late_is_not_pruned(direct: Rowhouse, dba: Session, age: str) -> None:
    dba.execute(REPORTED.encode())
    direct("db", "prune", "--nodes-older-than", age, "--yes", code=2)
    assert len(left(dba)) == 4
