"""Ranges for requests only: an automatic allocation never takes their addresses, and a request by address may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest

from fixtures.pods import Pods, subnet
from rowhouse.domain.administration import Actor, Holder, ReservationPlan
from rowhouse.domain.errors import (
    AddressOutsideRanges,
    AddressTaken,
    InTheWay,
    PoolExhausted,
    RowhouseError,
)
from rowhouse.ipam import reservations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    from rowhouse.domain.requests import RangeRequest
    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]

SUBNET = subnet("10.0.0.0/29")
KEPT = """INSERT INTO exclusions (network_id, first, last, reason, requests_only)
          SELECT id, %s, %s, 'routers', true FROM networks"""
BY_HAND = """INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
             SELECT network_id, a, id, 'static', 'by hand ' || a FROM pools, CAST(%s AS inet) AS a"""
COUNTS = """SELECT used, quarantined, excluded, free, on_request_count(network_id, '10.0.0.1', '10.0.0.6')
              FROM pool_usage WHERE pool = '10.0.0.0/29'"""


@pytest.fixture(autouse=True)
def kept(pods: Pods, dba: Session) -> Iterator[None]:
    """10.0.0.1 to 10.0.0.3 are for requests only. Whatever a test does, the database finds no problem afterwards."""
    pods.add("first", SUBNET)
    pods.delete("first")
    dba.execute(KEPT, ("10.0.0.1", "10.0.0.3"))
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def wanting(address: str) -> RangeRequest:
    return replace(SUBNET, requested=address)


def test_only_a_request_takes_them_and_a_release_keeps_them_so(pods: Pods, dba: Session) -> None:
    assert pods.add("a", SUBNET) == "10.0.0.4"
    assert pods.add("b", wanting("10.0.0.2")) == "10.0.0.2"
    assert pods.add("b", wanting("10.0.0.2")) == "10.0.0.2"
    assert dba.execute(COUNTS).fetchone() == (2, 0, 2, 2, 2)
    assert [pods.add(name, SUBNET) for name in "cd"] == ["10.0.0.5", "10.0.0.6"]
    with pytest.raises(PoolExhausted):
        pods.add("e", SUBNET)
    assert pods.add("e", wanting("10.0.0.1")) == "10.0.0.1"
    with pytest.raises(AddressTaken, match="in use by default/b"):
        pods.add("f", wanting("10.0.0.2"))
    pods.delete("b")
    with pytest.raises(PoolExhausted):
        pods.add("f", SUBNET)
    assert pods.add("f", wanting("10.0.0.2")) == "10.0.0.2"
    dba.execute("DELETE FROM exclusions")
    assert pods.add("g", SUBNET) == "10.0.0.3"


def test_of_many_requests_for_one_address_one_wins(pods: Pods, dba: Session) -> None:
    def ask(number: int) -> str:
        try:
            return pods.add(f"pod-{number}", wanting("10.0.0.3"))
        except RowhouseError as refused:
            return type(refused).__name__

    with ThreadPoolExecutor(8) as threads:
        given = sorted(threads.map(ask, range(8)))
    assert given == ["10.0.0.3"] + ["AddressTaken"] * 7
    held = dba.execute("SELECT host(address) FROM reservations").fetchall()
    assert held == [("10.0.0.3",)]


def test_a_quarantine_holds_for_all_but_the_owner_that_asks_again(pods: Pods, dba: Session) -> None:
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    pods.add("a", wanting("10.0.0.1"))
    pods.delete("a")
    assert dba.execute(COUNTS).fetchone() == (0, 0, 3, 3, 2)
    with pytest.raises(AddressTaken, match="in quarantine"):
        pods.add("b", wanting("10.0.0.1"))
    assert pods.add("a", SUBNET) == "10.0.0.4"
    pods.delete("a")
    assert pods.add("a", wanting("10.0.0.1")) == "10.0.0.1"
    pods.delete("a")
    dba.execute("UPDATE free_ranges SET free_from = lower(during) FROM tenures WHERE quarantined")
    assert pods.add("b", wanting("10.0.0.1")) == "10.0.0.1"


def test_a_gateway_among_them_stays_one(pods: Pods, dba: Session) -> None:
    dba.execute("UPDATE pools SET gateway = '10.0.0.1'")
    with pytest.raises(AddressOutsideRanges, match="the gateway of pool"):
        pods.add("a", wanting("10.0.0.1"))
    assert dba.execute(COUNTS).fetchone() == (0, 0, 2, 3, 2)
    explained = "SELECT explain_address('', %s)->>'state'"
    states = [dba.execute(explained, (f"10.0.0.{i}",)).fetchone() for i in (1, 2, 4)]
    assert states == [("gateway",), ("on request",), ("free",)]


def test_an_operator_reserves_them_by_address_not_by_number(dba: Session) -> None:
    reserve = "SELECT host(address) FROM reserve_v1('dba', '', 1, %s, %s, 'static', '', '', 'router', '', NULL, '')"
    assert dba.execute(reserve, (["10.0.0.3", "10.0.0.1"], None)).fetchall() == [
        ("10.0.0.3",),
        ("10.0.0.1",),
    ]
    assert dba.execute(reserve, (None, 3)).fetchall() == [(f"10.0.0.{i}",) for i in (4, 5, 6)]
    with pytest.raises(psycopg.Error, match="no free address"):
        dba.execute(reserve, (None, 1))
    dba.execute(BY_HAND, ("10.0.0.2",))
    assert dba.execute(COUNTS).fetchone() == (6, 0, 0, 0, 0)


def test_a_person_takes_one_out_of_its_quarantine_by_hand(pods: Pods, dba: Session) -> None:
    """As any address in quarantine, but no gateway."""
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    for name, address in (("a", "10.0.0.1"), ("b", "10.0.0.2")):
        pods.add(name, wanting(address))
        pods.delete(name)
    dba.execute(BY_HAND, ("10.0.0.2",))
    dba.execute("UPDATE pools SET gateway = '10.0.0.1'")
    with pytest.raises(psycopg.Error, match="it is the gateway of pool"):
        dba.execute(BY_HAND, ("10.0.0.1",))
    assert dba.execute("SELECT host(address) FROM reservations").fetchall() == [("10.0.0.2",)]


def test_a_gateway_among_them_is_reserved_by_force_as_any_gateway(
    pods: Pods, store: Store, dba: Session
) -> None:
    """The model of the allocator found it: the gateway counted as kept out of use."""
    dba.execute("UPDATE pools SET gateway = '10.0.0.2'")
    [(pool,)] = dba.execute("SELECT id FROM pools").fetchall()
    plan = ReservationPlan(
        pool_id=pool, holder=Holder(kind="static", name="router"), addresses=("10.0.0.2",)
    )
    with pytest.raises(InTheWay, match="the gateway of"):
        reservations.reserve(store, plan, Actor(name="ada"))
    [made] = reservations.reserve(store, replace(plan, force=True), Actor(name="ada"))
    assert made.address == "10.0.0.2"
    reservations.release(store, (made.network_id, "10.0.0.2"), Actor(name="ada"))
    with pytest.raises(AddressOutsideRanges):
        pods.add("a", wanting("10.0.0.2"))
