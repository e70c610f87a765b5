"""What the overview counts is what the view pool_usage counts, and what is in the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.pods import Pods, subnet
from rowhouse.store.inventory import occupancy

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

USAGE = """
SELECT u.pool_id, u.total::float8, u.free::float8, u.excluded::float8,
       (SELECT count(*) FROM reservations r, pool_window(p) w
         WHERE r.network_id = p.network_id AND r.address BETWEEN w.first_address AND w.last_address),
       u.quarantined, (SELECT count(*) FROM reservations r WHERE r.pool_id = p.id), u.reserved_by_overlaps
  FROM pool_usage u JOIN pools p ON p.id = u.pool_id
"""
POOLS = (
    ("a", "10.0.0.0/24", "10.0.0.1", None, None, "1 hour"),
    ("a", "10.0.0.64/26", None, "10.0.0.70", "10.0.0.90", "0"),
    ("a", "10.0.0.80/28", "10.0.0.81", None, None, "0"),
    ("a", "fd00::/64", "fd00::1", None, None, "0"),
    ("b", "10.0.0.0/24", None, "10.0.0.10", "10.0.0.20", "0"),
    ("b", "10.9.9.8/31", None, None, None, "0"),
)
POOL = """
INSERT INTO pools (network_id, network_name, cidr, gateway, window_first, window_last, reuse_delay)
SELECT id, name, %s, %s, %s, %s, %s FROM networks WHERE name = %s
"""
OUTSIDE = """
INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
SELECT network_id, %s, id, 'static', 'switch' FROM pools WHERE cidr = %s AND window_last < %s::inet
"""
EXCLUSIONS = """
INSERT INTO exclusions (network_id, first, last)
SELECT id, e.first::inet, e.last::inet
  FROM networks, (VALUES ('10.0.0.60', '10.0.0.66'), ('10.0.0.86', '10.0.0.88'),
                         ('10.0.0.250', '10.0.1.9'), ('fd00::', 'fd00::ff')) AS e (first, last)
 WHERE name = 'a';
"""


def prepare(dba: psycopg.Connection[TupleRow]) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('a'), ('b')")
    for network, *columns in POOLS:
        dba.execute(POOL, (*columns, network))
    dba.execute(EXCLUSIONS)


def counted(store: Database) -> dict[int, tuple[float, ...]]:
    return {
        pool.id: (
            float(pool.total),
            max(pool.total - pool.used - pool.quarantined - pool.excluded, 0),
            pool.excluded,
            pool.used,
            pool.quarantined,
            pool.reserved,
            pool.reserved_by_overlaps,
        )
        for pool in occupancy.of_pools(store)
    }


def in_the_view(dba: psycopg.Connection[TupleRow]) -> dict[int, tuple[float, ...]]:
    return {pool_id: tuple(values) for pool_id, *values in dba.execute(USAGE)}


def test_it_is_what_the_view_pool_usage_says(
    store: Database, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    prepare(dba)
    assert counted(store) == in_the_view(dba)
    ranges = [
        subnet("10.0.0.0/24", network="a"),
        subnet("10.0.0.0/24", ("10.0.0.0", "10.0.0.255"), network="a", requested="10.0.0.0"),
        subnet("10.0.0.64/26", network="a"),
        subnet("10.0.0.80/28", network="a"),
        subnet("10.0.0.0/24", network="b", requested="10.0.0.15"),
        subnet("fd00::/64", network="a", requested="fd00::abc"),
        subnet("10.0.0.0/24", network="a", requested="10.0.0.85"),
    ]
    for number, wanted in enumerate(ranges):
        pods.add(f"pod-{number}", wanted)
    for cidr, address in (("10.0.0.64/26", "10.0.0.99"), ("10.0.0.0/24", "10.0.0.200")):
        dba.execute(OUTSIDE, (address, cidr, address))
    for gone in (0, 4):
        pods.delete(f"pod-{gone}")
    assert counted(store) == in_the_view(dba)
    for pool in occupancy.of_pools(store):
        assert occupancy.of_pool(store, pool.id) == pool


def test_a_quarantined_address_is_neither_used_nor_free(
    store: Database, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    prepare(dba)
    pods.add("web-0", subnet("10.0.0.0/24", network="a", requested="10.0.0.9"))
    pods.delete("web-0")
    (pool,) = [one for one in occupancy.of_pools(store) if one.gateway == "10.0.0.1"]
    assert (pool.used, pool.quarantined) == (0, 1)


def test_a_pool_that_is_not_there_is_none(store: Database) -> None:
    assert occupancy.of_pool(store, 7) is None
    assert occupancy.of_pools(store) == []
