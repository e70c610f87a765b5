"""The gauges of the pools say what the views for DBAs say, at a cost that is bounded."""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING

import pytest

from fixtures.databases import store as opened
from fixtures.pods import subnet
from fixtures.shared import closed_port
from rowhouse import telemetry
from rowhouse.domain.administration import Actor
from rowhouse.domain.errors import TryAgain
from rowhouse.metrics import CALL_DURATION
from rowhouse.store.allocation.reservations import release
from rowhouse.store.connection.database import Database as Store
from rowhouse.store.connection.stored_function import function_of
from rowhouse.store.inventory import fill

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from fixtures.pods import Pods

POOLS = """
SELECT network, pool::text, total, reserved, free, quarantined, excluded
  FROM pool_usage
"""
STALE = """
SELECT n.name, count(s.address)::float8
  FROM networks n LEFT JOIN stale_reservations s ON s.network_id = n.id GROUP BY n.name
"""


def test_nested_pools_rests_and_exclusions_count_as_in_the_views(
    pods: Pods, store: Store, dba: psycopg.Connection[TupleRow]
) -> None:
    chance = random.Random(7)
    ranges = [
        subnet(cidr, network=network)
        for network in ("", "storage")
        for cidr in ("10.0.0.0/24", "10.0.0.0/28", "10.0.0.16/28", "10.1.0.0/28", "fd00::/64")
    ]
    for i, wanted in enumerate(ranges * 4):
        pods.add(f"web-{i}", wanted, sticky=chance.random() < 0.3)
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(
        "UPDATE pools SET reuse_delay = '1 hour', gateway = host(cidr)::inet + 2 WHERE id % 2 = 0"
    )
    for network in ("", "storage"):
        dba.execute(
            """INSERT INTO exclusions (network_id, first, last)
               SELECT id, first, last FROM networks,
                      (VALUES ('10.0.0.12'::inet, '10.0.0.40'::inet), ('fd00::8000:0:0:0', 'fd00::ffff:ffff:ffff:ffff'))
                      AS run (first, last) WHERE name = %s""",
            (network,),
        )
    for i in chance.sample(range(len(ranges) * 4), 15):
        pods.delete(f"web-{i}")
    dba.execute(
        "DELETE FROM attachments WHERE address = (SELECT min(address) FROM attachments WHERE address << '10.0.0.0/8')"
    )
    found = fill.of_pools(store)
    shown = {
        (p.network, p.cidr, p.total, p.reserved, p.free, p.quarantined, p.excluded)
        for p in found.pools
    }
    assert shown == set(dba.execute(POOLS.encode()).fetchall())
    assert found.stale == dict(dba.execute(STALE.encode()).fetchall())
    assert sum(p.quarantined for p in found.pools) > 0
    assert sum(found.stale.values()) > 0


def test_many_scrapes_are_one_query(pods: Pods, store: Store) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    metrics = telemetry.DatabaseMetrics(store)
    asked = queries()
    texts = {pool_lines(telemetry.metrics(metrics).decode()) for _ in range(20)}
    assert queries() == asked + 1
    [text] = texts
    assert 'rowhouse_pool_addresses{network="",pool="10.0.0.0/24",state="free"} 253.0' in text


def queries() -> float:
    found = [
        sample.value
        for family in CALL_DURATION.collect()
        for sample in family.samples
        if sample.name.endswith("_count") and sample.labels["function"] == "pool_counts"
    ]
    return sum(found)


def pool_lines(text: str) -> str:
    return "\n".join(re.findall(r"^rowhouse_pool_addresses.*$", text, re.MULTILINE))


def test_without_a_database_the_rest_is_still_there() -> None:
    store = Store(f"postgresql://127.0.0.1:{closed_port()}/gone", pool_size=1, wait=0.2)
    try:
        text = telemetry.metrics(telemetry.DatabaseMetrics(store)).decode()
    finally:
        store.close()
    assert "rowhouse_database_up 0.0" in text
    assert "rowhouse_pool_query_failures_total 1.0" in text
    assert "rowhouse_build_info{" in text
    assert "rowhouse_pool_addresses" not in text


def test_a_database_that_is_only_busy_is_up(
    store: Store, dba: psycopg.Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, "MAX_MILLISECONDS", 50)
    with dba.transaction():
        dba.execute("LOCK TABLE pools")
        began = time.monotonic()
        text = telemetry.metrics(telemetry.DatabaseMetrics(store)).decode()
        assert time.monotonic() - began < 10
    assert "rowhouse_database_up 1.0" in text
    assert "rowhouse_pool_query_failures_total 1.0" in text


def test_lock_timeouts_and_calls_are_counted_by_function(
    database: Database, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    with opened(database) as store, dba.transaction():
        dba.execute("SELECT FROM reservations FOR UPDATE")
        with pytest.raises(TryAgain, match="lock"):
            release(store, (1, "10.0.0.1"), Actor(name="me"), even_attached=True)
        now = store.connections()
    assert (now.most, now.waiters, now.timeouts) == (4, 0, 0)
    text = telemetry.metrics().decode()
    assert 'rowhouse_database_lock_timeouts_total{function="release"}' in text
    assert 'rowhouse_database_call_duration_seconds_count{function="attach"}' in text


@pytest.mark.parametrize(
    ("query", "function"),
    [
        ("SELECT * FROM rowhouse.attach_v1(%s)", "attach"),
        ("SELECT rowhouse.prune_v1(1)", "prune"),
        ("SELECT 1", "other"),
    ],
)
def test_a_call_is_known_by_its_function(query: str, function: str) -> None:
    assert function_of(query) == function
