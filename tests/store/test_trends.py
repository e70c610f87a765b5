"""Samples of how full pools are: taken once, out of the history where there is one, and not kept forever."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fixtures import databases
from fixtures.crowds import answers, at_once
from fixtures.pods import Pods, subnet
from rowhouse.store.inventory import trends

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store

POOL = subnet("10.0.0.0/24")
# A pool that is eight days old, of which an address more was assigned each day and one was given back.
PAST = """
INSERT INTO networks (name) VALUES ('');
INSERT INTO pools (network_id, network_name, cidr, created_at)
SELECT id, '', '10.0.0.0/24', now() - interval '8 days' FROM networks;
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason)
SELECT network_id, '10.0.0.1'::inet + day, id,
       tstzrange(now() - (7.5 - day) * interval '1 day', now() - interval '1 minute'),
       'pod', '', 'default', 'old-' || day, 'net1', '', '', 'test', 'ADD'
  FROM pools, generate_series(0, 7) AS day;
"""


def samples(dba: psycopg.Connection[TupleRow]) -> list[int]:
    return [held for (held,) in dba.execute("SELECT used FROM fill_samples ORDER BY at")]


def test_a_sample_counts_what_is_held_and_is_taken_once(
    store: Store, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", POOL)
    pods.add("web-1", POOL)
    assert trends.sample(store)
    assert not trends.sample(store)
    assert samples(dba) == [2]
    found = trends.of_pools(store, [1])[1]
    assert found.day[-1] == found.week[-1] == 2
    assert found.day[0] is None


def test_servers_that_sample_at_the_same_moment_take_one(
    database: Database, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", POOL)
    with databases.store(database) as one, databases.store(database) as other:
        taken = answers(at_once([partial(trends.sample, server) for server in (one, other, one)]))
    assert sorted(taken) == [False, False, True]
    assert samples(dba) == [1]


def test_a_pool_older_than_its_samples_gets_its_last_week_from_the_history(
    store: Store, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute(PAST)
    assert trends.sample(store)
    held = samples(dba)
    [(on_the_hour,)] = dba.execute(
        "SELECT max(at) = date_trunc('hour', max(at)) FROM fill_samples"
    ).fetchall()
    assert len(held) == (169 if on_the_hour else 170)  # each hour of seven days, and now
    assert held[:-1] == sorted(held[:-1])
    assert held[0] == 1
    assert held[-2] == 8
    assert held[-1] == 0  # what is held now is counted, not guessed
    found = trends.of_pool(store, 1)
    assert found is not None
    assert len(found.day) == 25
    assert len(found.week) == 57


def test_a_steady_rise_has_its_slope(store: Store, dba: psycopg.Connection[TupleRow]) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr) SELECT id, '', '10.0.0.0/16' FROM networks"
    )
    dba.execute(
        "INSERT INTO fill_samples"
        " SELECT 1, date_bin('15 minutes', now(), 'epoch') - hour * interval '1 hour', 1000 - 5 * hour"
        "  FROM generate_series(0, 167) AS hour"
    )
    assert trends.sample(store)
    found = trends.of_pool(store, 1)
    assert found is not None
    assert round(found.week_slope, 6) == round(found.day_slope, 6) == 5
    assert found.week_fit > 0.999


def test_old_samples_thin_out_to_one_a_day(
    store: Store, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", POOL)
    dba.execute(
        "INSERT INTO fill_samples SELECT 1, date_bin('1 hour', now(), 'epoch') - age::interval, 1 FROM unnest(ARRAY["
        "'34 days', '3 days', '3 days 15 minutes', '3 hours 15 minutes']) AS age"
        " UNION SELECT 1, at, 1 FROM generate_series(date_bin('1 day', now(), 'epoch') - interval '36 days',"
        "        date_bin('1 day', now(), 'epoch') - interval '37 days', '-6 hours') AS at"
    )
    assert trends.sample(store)
    left = dba.execute(
        "SELECT (date_bin(CASE WHEN at < now() - interval '35 days' THEN interval '1 day' ELSE interval '1 hour' END,"
        "                 now(), 'epoch') - at)::text"
        "  FROM fill_samples WHERE at < now() - interval '1 hour' ORDER BY at"
    ).fetchall()
    assert left == [("37 days",), ("36 days",), ("34 days",), ("3 days",), ("03:15:00",)]


def test_samples_go_with_their_pool(
    store: Store, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", POOL)
    assert trends.sample(store)
    pods.delete("web-0")
    dba.execute("DELETE FROM pools")
    assert samples(dba) == []
    assert trends.of_pools(store, [1]) == {}
