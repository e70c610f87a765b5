"""The metrics of nodes: by versions in a bounded number of series; nodes that are gone do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from rowhouse import telemetry
from rowhouse.telemetry.nodes import MAX_CLUSTERS, MAX_SERIES

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]

INSERT = """
INSERT INTO nodes (cluster, node, plugin_version, agent_version, kept_dels, kept_bytes, started_at, last_seen)
SELECT %(cluster)s, %(prefix)s || n, coalesce(%(version)s, 'v' || n), '2', 3, 0, now(),
       clock_timestamp() - %(age)s::interval
  FROM generate_series(1, %(count)s) AS n
"""


def report(dba: Session, count: int, *, cluster: str = "a", prefix: str = "n",
           version: str | None = "1", age: str = "0 s") -> None:  # fmt: skip
    given = {"count": count, "cluster": cluster, "prefix": prefix, "version": version, "age": age}
    dba.execute(INSERT.encode(), given)


def gauges(store: Store) -> dict[str, dict[tuple[str, ...], float]]:
    registry = CollectorRegistry()
    registry.register(telemetry.DatabaseMetrics(store))
    return {
        family.name: {tuple(one.labels.values()): one.value for one in family.samples}
        for family in registry.collect()
        if family.name.startswith("rowhouse_nodes")
    }


def test_late_nodes_count_until_they_are_gone(store: Store, dba: Session) -> None:
    report(dba, 3)
    report(dba, 2, prefix="late", age="6 min")
    report(dba, 1, cluster="b", version="", age="23 h")
    report(dba, 4, prefix="gone", age="25 h")
    assert gauges(store) == {
        "rowhouse_nodes": {("a", "1", "2"): 5, ("b", "", "2"): 1},
        "rowhouse_nodes_late": {("a",): 2, ("b",): 1},
        "rowhouse_nodes_kept_dels": {("a",): 15, ("b",): 3},
    }


def test_a_node_cannot_make_series_by_its_version(store: Store, dba: Session) -> None:
    report(dba, 5)
    report(dba, 100, prefix="odd", version=None)
    found = gauges(store)["rowhouse_nodes"]
    assert len(found) == MAX_SERIES + 1
    assert sum(found.values()) == 105
    assert found["a", "1", "2"] == 5


def test_clusters_are_bounded_as_well(store: Store, dba: Session) -> None:
    for number in range(MAX_CLUSTERS + 5):
        report(dba, 1, cluster=f"c{number}")
    late = gauges(store)["rowhouse_nodes_late"]
    assert len(late) == MAX_CLUSTERS + 1
    assert ("other",) in late
