"""What may be assigned has one definition: allocator, `explain`, map, `/free` and totals never disagree."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from fixtures.pods import hosts, subnet
from rowhouse.domain.errors import PoolExhausted
from rowhouse.domain.requests import RangeRequest
from rowhouse.store.history import audit
from rowhouse.store.inventory import fill, occupancy, pools
from rowhouse.web.pool.area import area_of
from rowhouse.web.pool.cells import cells

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods
    from rowhouse.store.connection.database import Database

CIDRS = (
    "10.0.0.0/27", "10.0.0.0/28", "10.0.0.8/29", "10.0.0.12/30", "10.0.0.14/31", "10.0.0.3/32",
    "255.255.255.248/29", "fd00::/124", "fd00::8/126", "fd00::6/127", "::/125",
)  # fmt: skip
NETWORK = "INSERT INTO networks (name) VALUES (%s)"
POOL = """
INSERT INTO pools (network_id, network_name, cidr, name, gateway, window_first, window_last)
SELECT id, name, %s, %s, %s, %s, %s FROM networks WHERE name = %s
RETURNING id
"""
EXCLUSION = """
INSERT INTO exclusions (network_id, first, last) SELECT id, %s, %s FROM networks WHERE name = %s
"""


@dataclass(frozen=True)
class Drawn:
    """A pool as drawn: offsets into its CIDR; `hop` is the gateway of a NAD that spells its range."""

    cidr: str
    gateway: int | None
    window: tuple[int, int] | None
    hop: int | None

    def at(self, offset: int) -> str:
        block = ip_network(self.cidr)
        return str(block[offset % block.num_addresses])

    @property
    def bounds(self) -> tuple[str | None, str | None]:
        if self.window is None:
            return None, None
        first, last = sorted(ip_address(self.at(offset)) for offset in self.window)
        return str(first), str(last)


DRAWN = st.builds(
    Drawn,
    cidr=st.sampled_from(CIDRS),
    gateway=st.none() | st.integers(0, 31),
    window=st.none() | st.tuples(st.integers(0, 31), st.integers(0, 31)),
    hop=st.none() | st.integers(0, 31),
)
numbers = itertools.count()


def free_of(store: Database, pool_id: int) -> list[str]:
    """The addresses of `/free`, one by one."""
    pool = pools.get(store, pool_id)
    assert pool is not None
    runs = pools.free_runs(store, pool, quarantined=False, after=None, limit=1000)
    spans = [(ip_address(run.first), int(ip_address(run.last))) for run in runs]
    return [str(type(first)(n)) for first, last in spans for n in range(int(first), last + 1)]


def assigned(pods: Pods, wanted: RangeRequest) -> list[str]:
    """All that pods get, one after another, until nothing is left. Nothing stays."""
    given_out = []
    for number in itertools.count():
        try:
            given_out.append(pods.add(f"pod-{number}", wanted))
        except PoolExhausted:
            break
    for number in range(len(given_out)):
        pods.delete(f"pod-{number}")
    return given_out


@pytest.mark.timeout(600)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    drawn=st.lists(DRAWN, min_size=1, max_size=4, unique_by=lambda one: one.cidr),
    excluded=st.none() | st.tuples(st.integers(0, 31), st.integers(0, 3)),
)
def test_allocator_explain_map_free_and_totals_agree(
    store: Database,
    pods: Pods,
    dba: psycopg.Connection[TupleRow],
    drawn: list[Drawn],
    excluded: tuple[int, int] | None,
) -> None:
    name = f"example{next(numbers)}"
    dba.execute(NETWORK, (name,))
    ids = {}
    for one in drawn:
        gateway = None if one.gateway is None else one.at(one.gateway)
        row = (one.cidr, f"{name} {one.cidr}", gateway, *one.bounds, name)
        [(ids[one.cidr],)] = dba.execute(POOL, row)
    if excluded is not None:
        ends = (drawn[0].at(excluded[0]), drawn[0].at(excluded[0] + excluded[1]))
        dba.execute(EXCLUSION, (*sorted(ends, key=ip_address), name))
    for one in drawn:
        hop = () if one.hop is None else (one.at(one.hop),)
        spelled = replace(subnet(one.cidr, network=name), gateways=hop)
        try:
            pods.add("first", spelled)
            pods.delete("first")
        except PoolExhausted:
            # As for every call that fails: nothing of it is left, so the gateway is not known.
            pass

    free = {cidr: free_of(store, pool_id) for cidr, pool_id in ids.items()}
    figures = {pool.id: pool for pool in occupancy.of_pools(store)}
    fills = {pool.id: pool for pool in fill.of_pools(store).pools}
    for cidr, pool_id in ids.items():
        assert assigned(pods, RangeRequest(network=name, pool=f"{name} {cidr}")) == free[cidr]
        spelled = subnet(cidr, network=name)
        usable = range(*(int(ip_address(end)) for end in hosts(cidr)))
        of_hosts = [a for a in free[cidr] if int(ip_address(a)) in (*usable, usable.stop)]
        assert assigned(pods, spelled) == of_hosts
        figure = figures[pool_id]
        assert occupancy.of_pool(store, pool_id) == figure == fills[pool_id]
        assert figure.free == len(free[cidr])
        assert figure.total == figure.used + figure.quarantined + figure.excluded + figure.free
        area = area_of(store, figure.network_id, cidr, None)
        assert area is not None
        shown = cells(store, figure, area)
        assert [cell.address for cell in shown if cell.state == "free"] == free[cidr]
        for cell in shown:
            known = audit.explain(store, name, cell.address)
            by_any = any(cell.address in addresses for addresses in free.values())
            assert (known["state"] == "free") == by_any, known
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def test_a_drained_pool_does_not_hide_the_one_that_assigns_its_addresses(
    pods: Pods, dba: psycopg.Connection[TupleRow], store: Database
) -> None:
    pods.add("a", subnet("10.0.0.0/27"))
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr, drained) SELECT id, '', '10.0.0.0/28', true FROM networks"
    )
    known = audit.explain(store, "", "10.0.0.2")
    assert known["because"] == "free; pool 10.0.0.0/28 is drained, assigned by pool 10.0.0.0/27"
    assert known["in_window"] is True
    assert pods.add("b", subnet("10.0.0.0/27")) == "10.0.0.2"
    dba.execute("UPDATE pools SET drained = true")
    assert audit.explain(store, "", "10.0.0.3")["because"] == "free, but the pool is drained"
