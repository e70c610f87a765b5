"""How many addresses of a pool were held: exactly in a short history, by the samples in a long one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fixtures.pods import Pods, subnet

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

POOL = subnet("10.0.0.0/24")
DAY = datetime(2026, 1, 1, tzinfo=UTC)
TENURES = """
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason)
SELECT 1, '10.0.0.2'::inet + number, pools.id,
       tstzrange(CASE WHEN number % 7 > 0 THEN '2026-01-01Z'::timestamptz + number * interval '7 minutes' END,
                 '2026-01-01 00:30Z'::timestamptz + number * number * interval '1 minute'),
       'pod', '', 'default', 'old', 'net1', '', '', 'test', 'SQL'
  FROM pools, generate_series(0, 49) AS number;
"""
# Rows of nearly two kilobytes, which stay in the table: few of them make it large.
LONG = """
SET session_replication_role = replica;
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason)
SELECT 9, '10.8.0.0'::inet + number, 9, '[2020-01-01, 2020-01-02)', 'pod', '', '', '', '', '', '', repeat('x', 1800), ''
  FROM generate_series(1, 18000) AS number;
SET session_replication_role = origin;
"""


def fill(dba: Session, since: datetime, until: datetime, steps: int) -> list[int]:
    rows = dba.execute(
        "SELECT at, used FROM pool_fill(1, %s, %s, %s)", (since, until, steps)
    ).fetchall()
    assert [at for at, _ in rows] == [
        since + (until - since) * step / steps for step in range(steps + 1)
    ]
    return [used for _, used in rows]


def test_a_short_history_is_counted_exactly(pods: Pods, dba: Session) -> None:
    pods.add("web-0", POOL)
    dba.execute(TENURES)
    for since, until, steps in (
        (DAY, DAY + timedelta(hours=7), 60),  # on the minute on which tenures begin
        (DAY - timedelta(days=1), DAY + timedelta(days=9), 240),
        (DAY, DAY, 1),
        (DAY, datetime.now(UTC) + timedelta(hours=1), 3),
    ):
        counted = [
            number
            for (number,) in dba.execute(
                "SELECT (SELECT count(*) FROM tenures WHERE pool_id = 1 AND during @> %s::timestamptz + step * %s / %s)"
                "  FROM generate_series(0, %s) AS step",
                (since, until - since, steps, steps),
            )
        ]
        assert fill(dba, since, until, steps) == counted
        assert max(counted) > 0


def test_a_long_history_is_answered_by_the_samples_and_by_what_is_held_now(
    pods: Pods, dba: Session
) -> None:
    pods.add("web-0", POOL)
    dba.execute(TENURES)
    dba.execute(
        "INSERT INTO fill_samples VALUES (1, '2026-01-01 00:00Z', 7), (1, '2026-01-01 01:00Z', 9)"
    )
    dba.execute(LONG)
    hour = timedelta(hours=1)
    assert fill(dba, DAY - hour, DAY + 2 * hour, 6) == [0, 0, 7, 7, 9, 9, 9]
    pods.add("web-1", POOL)
    now = datetime.now(UTC) + hour
    assert fill(dba, DAY, now, 1) == [7, 2]


def test_what_is_held_now_is_not_told_of_the_past(pods: Pods, dba: Session) -> None:
    pods.add("web-0", POOL)
    pods.add("web-1", POOL)
    dba.execute("INSERT INTO fill_samples VALUES (1, now() - interval '5 hours', 5)")
    dba.execute(LONG)
    now = datetime.now(UTC)
    # No server took a sample for hours: the last one stands until a quarter of an hour ago.
    assert fill(dba, now - timedelta(hours=6), now, 3) == [0, 5, 5, 2]


def test_a_long_history_is_not_read(pods: Pods, dba: Session) -> None:
    pods.add("web-0", POOL)
    dba.execute(LONG)
    dba.execute("ANALYZE tenures")
    with dba.transaction():
        fill(dba, DAY, DAY + timedelta(days=300), 100)
        read = dba.execute(
            "SELECT pg_stat_get_xact_tuples_returned('tenures'::regclass)"
        ).fetchone()
    assert read == (0,)
