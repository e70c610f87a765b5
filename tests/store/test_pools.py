"""Pools come and go in any order; the free space is what they cover, less what is reserved."""

from __future__ import annotations

import itertools
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from psycopg import errors

from fixtures.pods import hosts, subnet
from ipam.model import joined
from rowhouse.domain.errors import PoolExhausted
from rowhouse.store.connection.errors import Refusal

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods

Block = IPv4Network | IPv6Network

NETWORKS = itertools.count()
POOL = "INSERT INTO pools (network_id, network_name, cidr) SELECT id, name, %s FROM networks WHERE name = %s"
FREE = """
SELECT f.first, f.last FROM free_ranges f JOIN networks n ON n.id = f.network_id WHERE n.name = %s ORDER BY f.last
"""


def blocks(base: str, shortest: int) -> st.SearchStrategy[Block]:
    """Blocks of the first 16 addresses, of the last 16, and larger ones around them."""
    bits = ip_network(base).max_prefixlen
    edge = st.sampled_from((0, ip_network(base).num_addresses - 16))
    inside = st.tuples(edge, st.integers(0, 15)).map(sum).map(lambda i: ip_network(base)[i])
    lengths = st.one_of(st.integers(bits - 4, bits), st.integers(shortest, bits - 4))
    return st.tuples(inside, lengths).map(lambda x: ip_network(x, strict=False))


@pytest.mark.one_postgresql
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(("make", "make", "make", "remove", "reserve", "release")),
            st.one_of(blocks("0.0.0.0/0", 0), blocks("fd00::/64", 60), blocks("10.0.0.0/24", 20)),
        ),
        min_size=5,
        max_size=25,
    )
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_free_space_is_what_pools_cover_less_what_is_reserved(
    dba: psycopg.Connection[TupleRow], steps: list[tuple[str, Block]]
) -> None:
    network = f"n{next(NETWORKS)}"
    dba.execute("INSERT INTO networks (name) VALUES (%s)", (network,))
    pools: dict[Block, set[int]] = {}
    for step, block in steps:
        address = block[0]
        holders = [pool for pool in pools if address in pool]
        taken = any(int(address) in held for pool, held in pools.items() if pool in holders)
        if step == "make" and block not in pools:
            dba.execute(POOL, (str(block), network))
            pools[block] = set()
        elif step == "remove" and block in pools:
            if remove(dba, network, block):
                assert not pools.pop(block)
            else:
                assert pools[block]
        elif step == "reserve" and holders and not taken:
            dba.execute(
                """INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
                   SELECT network_id, %s, id, 'static', %s FROM pools
                    WHERE network_name = %s AND cidr = %s""",
                (str(address), str(address), network, str(holders[0])),
            )
            pools[holders[0]].add(int(address))
        elif step == "release" and taken:
            dba.execute(
                """DELETE FROM reservations r USING networks n
                    WHERE n.id = r.network_id AND n.name = %s AND r.address = %s""",
                (network, str(address)),
            )
            for held in pools.values():
                held.discard(int(address))
        for version in (4, 6):
            assert everything(dba, network, pools, version) == joined(
                (int(pool[0]), int(pool[-1])) for pool in pools if pool.version == version
            )
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def remove(dba: psycopg.Connection[TupleRow], network: str, block: Block) -> bool:
    try:
        dba.execute(
            "DELETE FROM pools WHERE network_name = %s AND cidr = %s", (network, str(block))
        )
    except psycopg.DatabaseError as error:
        if error.sqlstate == Refusal.IN_THE_WAY:
            return False
        raise
    return True


def everything(
    dba: psycopg.Connection[TupleRow], network: str, pools: dict[Block, set[int]], version: int
) -> list[tuple[int, int]]:
    """Free runs and reservations of a family, joined; none may overlap."""
    rows = dba.execute(FREE, (network,)).fetchall()
    parts = [(int(first), int(last)) for first, last in rows if first.version == version]
    held = {address for pool, used in pools.items() if pool.version == version for address in used}
    parts += [(address, address) for address in held]
    assert sum(last - first + 1 for first, last in parts) == sum(
        last - first + 1 for first, last in joined(parts)
    )
    return joined(parts)


def test_a_pool_that_holds_addresses_stays_whatever_covers_it(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    for cidr in ("10.0.0.0/24", "10.0.0.0/16"):
        pods.add(f"pod of {cidr}", subnet(cidr))
    for cidr in ("10.0.0.0/24", "10.0.0.0/16"):
        with pytest.raises(errors.DatabaseError, match="still holds 1 reservations"):
            dba.execute("DELETE FROM pools WHERE cidr = %s", (cidr,))
    pods.delete("pod of 10.0.0.0/24")
    dba.execute("DELETE FROM pools WHERE cidr = '10.0.0.0/24'")
    assert pods.add("late", subnet("10.0.0.0/16")) == "10.0.0.1"
    with pytest.raises(errors.DatabaseError, match="cannot change"):
        dba.execute("UPDATE pools SET cidr = '10.0.0.0/8'")


def test_a_quarantine_outlives_its_pool(pods: Pods, dba: psycopg.Connection[TupleRow]) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    pods.delete("web-0")
    dba.execute("DELETE FROM pools")
    assert pods.add("other", subnet("10.0.0.0/24")) == "10.0.0.2"
    assert pods.add("web-0", subnet("10.0.0.0/24")) == "10.0.0.1", "its previous owner is exempt"


def test_a_window_is_an_address_of_its_pool(pods: Pods, dba: psycopg.Connection[TupleRow]) -> None:
    pods.add("web-0", subnet("10.0.0.0/16"))
    for first, last in (
        ("10.0.5.5/24", None),
        ("10.1.0.1", None),
        ("10.0.0.9", "10.0.0.8"),
        ("fd00::", None),
    ):
        with pytest.raises(errors.CheckViolation):
            dba.execute("UPDATE pools SET window_first = %s, window_last = %s", (first, last))
    dba.execute("UPDATE pools SET window_first = '10.0.0.0', window_last = '10.0.255.255'")


def test_usage_counts_each_pool_by_its_own_window(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute(
        """INSERT INTO pools (network_id, network_name, cidr, gateway)
           SELECT id, name, '10.0.0.0/24', '10.0.0.12' FROM networks"""
    )
    for address in ("10.0.0.9", "10.0.0.10", "10.0.0.200"):
        pods.add(address, subnet("10.0.0.0/24", requested=address))
    pods.add("inner", subnet("10.0.0.16/30", network=""))
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(
        "UPDATE pools SET window_first = '10.0.0.10', window_last = '10.0.0.19' WHERE masklen(cidr) = 24"
    )
    usage = """SELECT total, reserved, reserved_by_overlaps, used, quarantined, free, percent_used
                 FROM pool_usage WHERE pool = '10.0.0.0/24'"""
    assert dba.execute(usage).fetchone() == (9, 3, 1, 2, 0, 7, Decimal("22.2"))
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    dba.execute("DELETE FROM reservations")
    assert dba.execute(usage).fetchone() == (9, 0, 0, 0, 2, 7, 0)
    dba.execute(
        "UPDATE pools SET gateway = '10.0.0.10', window_first = NULL WHERE cidr = '10.0.0.0/24'"
    )
    assert dba.execute(usage).fetchone() == (18, 0, 0, 0, 2, 16, 0)


def test_what_no_sandbox_uses_is_stale_unless_it_is_meant_to_stay(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    wanted = subnet("10.0.0.0/24")
    for pod, sticky, ttl in (("live", False, None), ("kept", True, None), ("over", True, 0.001)):
        pods.add(pod, wanted, sticky=sticky, ttl=ttl)
    pods.add("orphan", wanted)
    pods.delete("kept")
    pods.delete("over")
    dba.execute("DELETE FROM attachments WHERE container_id = 'orphan'")
    dba.execute(
        "UPDATE reservations SET expires_at = now() - interval '1 s' WHERE owner_name = 'over'"
    )
    assert sorted(dba.execute("SELECT name FROM stale_reservations")) == [("orphan",), ("over",)]


def test_the_first_and_last_of_a_block_are_what_they_are() -> None:
    assert hosts("10.0.0.0/31") == ("10.0.0.0", "10.0.0.1")
    assert hosts("fd00::/126") == ("fd00::1", "fd00::2")
    assert ip_address(hosts("10.0.0.0/8")[1]) == ip_address("10.255.255.254")


@pytest.mark.parametrize(
    "cidrs",
    [
        ("10.0.0.0/24", "10.0.0.64/26"),
        ("10.0.0.64/26", "10.0.0.0/24"),
        ("10.0.0.64/26", "10.0.0.0/24", "10.0.0.64/28", "10.0.0.0/25"),
    ],
)
def test_pools_that_nest_may_be_made_by_one_statement(
    dba: psycopg.Connection[TupleRow], cidrs: tuple[str, ...]
) -> None:
    network = f"n{next(NETWORKS)}"
    dba.execute("INSERT INTO networks (name) VALUES (%s)", (network,))
    dba.execute(
        """INSERT INTO pools (network_id, network_name, cidr)
           SELECT id, name, unnest(%s::cidr[]) FROM networks WHERE name = %s""",
        (list(cidrs), network),
    )
    rows = dba.execute(FREE, (network,)).fetchall()
    free = joined((int(first), int(last)) for first, last in rows)
    assert free == [(int(ip_address("10.0.0.0")), int(ip_address("10.0.0.255")))]
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def test_a_drained_pool_that_is_deleted_comes_back_drained(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    dba.execute("UPDATE pools SET drained = true")
    pods.delete("web-0")
    dba.execute("DELETE FROM pools")
    with pytest.raises(PoolExhausted, match="drained"):
        pods.add("web-0", subnet("10.0.0.0/24"))
    assert pods.add("web-0", subnet("10.0.0.0/25")) == "10.0.0.1", "another pool is not"
    # (The refusal took its pool with it.)
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr) SELECT id, name, '10.0.0.0/24' FROM networks"
    )
    dba.execute("DELETE FROM pools WHERE cidr = '10.0.0.0/24'")
    assert pods.add("web-1", subnet("10.0.0.0/24")) == "10.0.0.2"
