"""How full pools are: counted address by address out of the tables, the stored function says the same."""

from __future__ import annotations

import random
from collections import Counter
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.store.inventory import address_map, occupancy

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

    Session = psycopg.Connection[TupleRow]

POOLS = (
    ("a", "10.0.0.0/24", "10.0.0.1", None, None, "1 hour"),
    ("a", "10.0.0.64/26", None, "10.0.0.70", "10.0.0.90", "0"),
    ("a", "10.0.0.80/28", "10.0.0.81", None, None, "0"),
    ("a", "10.0.0.82/32", "10.0.0.82", None, None, "0"),
    ("a", "fd00::/120", "fd00::1", None, None, "0"),
    ("b", "10.0.0.0/24", None, "10.0.0.10", "10.0.0.20", "0"),
    ("b", "10.9.9.8/31", None, None, None, "0"),
    (
        "b",
        "10.0.0.0/28",
        None,
        None,
        "10.0.0.0",
        "0",
    ),  # (assigns nothing: its window ends before it begins)
    ("b", "10.0.0.16/29", None, "10.0.0.23", None, "0"),
)
POOL = """
INSERT INTO pools (network_id, network_name, cidr, gateway, window_first, window_last, reuse_delay)
SELECT id, name, %s, %s, %s, %s, %s FROM networks WHERE name = %s
"""
EXCLUSIONS = """
INSERT INTO exclusions (network_id, first, last)
SELECT id, e.first::inet, e.last::inet
  FROM networks, (VALUES ('10.0.0.60', '10.0.0.66'), ('10.0.0.86', '10.0.0.88'), ('10.0.0.0', '10.0.0.3'),
                         ('10.0.0.250', '10.0.1.9'), ('fd00::80', 'fd00::ffff')) AS e (first, last)
 WHERE name = 'a';
"""
BY_HAND = """
INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name, sticky)
SELECT network_id, %s, id, 'static', 'switch ' || %s, true FROM pools WHERE cidr = %s AND network_name = 'a'
"""
WINDOWS = """
SELECT id, network_id, cidr::text, host(coalesce(window_first, first_usable(cidr))),
       host(coalesce(window_last, last_usable(cidr))) FROM pools
"""


def fill_at_random(dba: Session, pods: Pods, chance: random.Random) -> None:
    """Pods come and go in pools that overlap; some addresses are reserved by hand where no pod gets one."""
    dba.execute("INSERT INTO networks (name) VALUES ('a'), ('b')")
    dba.execute("SET rowhouse.force = 'on'")
    for network, cidr, _, *columns in POOLS:
        dba.execute(POOL, (cidr, None, *columns, network))
    for address, cidr in (
        ("10.0.0.0", "10.0.0.0/24"), ("10.0.0.1", "10.0.0.0/24"), ("10.0.0.87", "10.0.0.80/28"),
        ("10.0.0.99", "10.0.0.64/26"), ("10.0.0.255", "10.0.0.0/24"), ("fd00::81", "fd00::/120"),
    ):  # fmt: skip
        dba.execute(BY_HAND, (address, address, cidr))
    for network, cidr, gateway, *_ in POOLS:
        dba.execute(
            "UPDATE pools SET gateway = %s WHERE network_name = %s AND cidr = %s",
            (gateway, network, cidr),
        )
    wanted = [subnet(cidr, network=network) for network, cidr, *_ in POOLS if "/32" not in cidr]
    for number in range(40):
        pods.add(f"early-{number}", chance.choice(wanted[:1] + wanted[3:4]))
    for number in chance.sample(range(40), 20):
        pods.delete(f"early-{number}")
    dba.execute(EXCLUSIONS)
    for number in range(12):
        pods.add(f"late-{number}", chance.choice(wanted[:4]), sticky=chance.random() < 0.5)


def of_network(dba: Session, network: int) -> dict[str, Any]:
    """What the tables have, row by row."""
    ask = {
        "reservations": "SELECT host(address), pool_id, container_id <> '', sticky FROM reservations",
        "gateways": "SELECT host(address) FROM gateways",
        "quarantined": "SELECT host(first) FROM free_ranges",
        "exclusions": "SELECT host(first), host(last) FROM exclusions",
    }
    more = {"quarantined": " AND quarantined"}
    return {
        name: dba.execute(
            f"{query} WHERE network_id = %s{more.get(name, '')}", (network,)
        ).fetchall()
        for name, query in ask.items()
    }


def by_address(dba: Session, pool: tuple[int, int, str, str, str]) -> Counter[str]:
    """The counts of a pool: each of its addresses looked at by itself."""
    pool_id, network, cidr, first, last = pool
    rows = of_network(dba, network)
    reserved = {address: rest for address, *rest in rows["reservations"]}
    gateways = {address for (address,) in rows["gateways"]}
    quarantined = {address for (address,) in rows["quarantined"]}
    spans = [(ip_address(low), ip_address(high)) for low, high in rows["exclusions"]]
    counts: Counter[str] = Counter()
    for at in ip_network(cidr):
        address = str(at)
        if address in reserved:
            owner, attached, sticky = reserved[address]
            counts["reserved" if owner == pool_id else "reserved_by_overlaps"] += 1
            counts["attached"] += owner == pool_id and attached
            counts["sticky"] += owner == pool_id and sticky
        if not int(ip_address(first)) <= int(at) <= int(ip_address(last)) or address in gateways:
            continue
        counts["total"] += 1
        if address in reserved:
            counts["used"] += 1
        elif any(
            int(low) <= int(at) <= int(high) for low, high in spans if low.version == at.version
        ):
            counts["excluded"] += 1
        else:
            counts["quarantined" if address in quarantined else "free"] += 1
    return counts


@pytest.mark.parametrize("seed", range(3))
def test_the_counts_are_those_of_the_addresses_one_by_one(
    store: Database, pods: Pods, dba: Session, seed: int
) -> None:
    fill_at_random(dba, pods, random.Random(seed))
    pools = dba.execute(WINDOWS).fetchall()
    found = {pool.id: pool for pool in occupancy.of_pools(store)}
    assert set(found) == {pool[0] for pool in pools}
    for pool in pools:
        counted = by_address(dba, pool)
        one = found[pool[0]]
        shown = {name: getattr(one, name) for name in
                 ("total", "reserved", "reserved_by_overlaps", "attached", "sticky", "used", "quarantined",
                  "excluded", "free")}  # fmt: skip
        assert shown == {name: counted[name] for name in shown}, pool
        assert occupancy.of_pool(store, one.id) == one
        assert occupancy.of_pools(store, [one.id, 0]) == [one]
        block = ip_network(pool[2])
        length = min(block.prefixlen + 4, block.max_prefixlen)
        parts = [str(part) for part in block.subnets(new_prefix=length)]
        blocks = address_map.by_block(store, one.network_id, (one.first, one.last), parts)
        for name in ("total", "used", "quarantined", "excluded", "free"):
            assert sum(getattr(block, name) for block in blocks) == shown[name], (pool, name)
        held = sum(block.used + block.outside for block in blocks)
        assert held == one.reserved + one.reserved_by_overlaps
    assert sum(pool.reserved for pool in found.values()) == sum(
        len(of_network(dba, network)["reservations"]) for network in {pool[1] for pool in pools}
    )


def test_a_pool_that_is_not_there_is_none(store: Database) -> None:
    assert occupancy.of_pool(store, 7) is None
    assert occupancy.of_pools(store) == []
    assert occupancy.of_pools(store, []) == []


def test_huge_pools_are_counted_exactly(dba: Session, store: Database) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('a')")
    for cidr in ("::/0", "fd00::/64", "fd00::/65", "0.0.0.0/0"):
        dba.execute(POOL, (cidr, None, None, None, "0", "a"))
    half = ("fd00::", "fd00::7fff:ffff:ffff:fffe")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) SELECT id, %s, %s FROM networks", half
    )
    counted = {
        pool.cidr: (pool.total, pool.excluded, pool.free) for pool in occupancy.of_pools(store)
    }
    assert counted["::/0"] == (2**128 - 2, 2**63 - 1, 2**128 - 1 - 2**63)
    assert counted["fd00::/64"] == (2**64 - 2, 2**63 - 2, 2**63)
    assert counted["fd00::/65"] == (2**63 - 2, 2**63 - 2, 0)
    assert counted["0.0.0.0/0"] == (2**32 - 2, 0, 2**32 - 2)
