"""Requests that several operators decide at once, while their quota and their addresses go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from fixtures.crowds import answers, at_once
from rowhouse.domain.administration import Actor, Holder, PoolPlan, ReservationPlan
from rowhouse.domain.errors import AddressTaken, InTheWay, QuotaExceeded
from rowhouse.ipam import pools, quotas, requests, reservations

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.pods import Pods
    from rowhouse.store.connection.database import Database as Store
    from rowhouse.store.connection.reads import Record

TEAM = Actor(name="team")
OPERATORS = [Actor(name=f"operator-{number}") for number in range(8)]
HOLDER = Holder(kind="static", namespace="shop", name="router")


@pytest.fixture
def store(crowd: Pods) -> Store:
    """With one pool."""
    pools.create_pool(crowd.store, PoolPlan(cidr="10.0.0.0/24"), "", TEAM)
    return crowd.store


@pytest.fixture
def send(store: Store) -> Callable[..., Record]:
    def send(count: int = 1, *addresses: str) -> Record:
        plan = ReservationPlan(
            pool_id=1, holder=HOLDER, count=count, addresses=tuple(addresses) or None
        )
        return requests.send(store, plan, TEAM)

    return send


def reserved(store: Store) -> int:
    return int(store.call("SELECT count(*) FROM rowhouse.reservations")[0][0])


def test_eight_approvals_at_once_reserve_once(store: Store, send: Callable[..., Record]) -> None:
    asked = send(3)
    outcome = answers(
        at_once(
            partial(requests.decide, store, asked.id, "approved", operator)
            for operator in OPERATORS
        )
    )
    assert {tuple(one.granted) for one in outcome} == {("10.0.0.1", "10.0.0.2", "10.0.0.3")}
    assert len({one.decided_by for one in outcome}) == 1
    assert reserved(store) == 3


def test_of_an_approval_and_a_decline_one_wins(store: Store, send: Callable[..., Record]) -> None:
    for _ in range(10):
        asked = send()
        before = reserved(store)
        outcome = at_once(
            [
                partial(requests.decide, store, asked.id, "approved", OPERATORS[0]),
                partial(requests.decide, store, asked.id, "declined", OPERATORS[1], reason="no"),
                partial(requests.decide, store, asked.id, "withdrawn", TEAM),
            ]
        )
        assert [type(one) for one in outcome].count(InTheWay) == 2
        ended = requests.request(store, asked.id)
        assert reserved(store) - before == (ended.state == "approved")


def test_requests_at_once_stay_within_the_quota(store: Store, send: Callable[..., Record]) -> None:
    quotas.create_quota(store, "shop", None, 5, TEAM)
    outcome = at_once([send] * 12)
    assert [type(one) for one in outcome].count(QuotaExceeded) == 7


def test_approvals_at_once_stay_within_a_quota_that_shrinks(
    store: Store, send: Callable[..., Record]
) -> None:
    made = quotas.create_quota(store, "shop", None, 8, TEAM)
    asked = [send() for _ in OPERATORS]
    outcome = at_once(
        [
            partial(quotas.change_quota, store, made.id, 3, TEAM),
            *(
                partial(requests.decide, store, one.id, "approved", operator)
                for one, operator in zip(asked, OPERATORS, strict=True)
            ),
        ]
    )
    approved = len(OPERATORS) - [type(one) for one in outcome].count(QuotaExceeded)
    states = [requests.request(store, one.id).state for one in asked]
    assert reserved(store) == approved == states.count("approved")
    assert states.count("pending") == len(OPERATORS) - approved
    # Those that come after the change find three or more addresses in use, and one more is refused.
    if approved < len(OPERATORS):
        with pytest.raises(QuotaExceeded):
            requests.decide(store, asked[states.index("pending")].id, "approved", TEAM)


def test_an_address_goes_to_one_of_a_request_and_a_reservation(
    store: Store, send: Callable[..., Record]
) -> None:
    for number in range(1, 11):
        address = f"10.0.0.{number}"
        asked = send(1, address)
        other = ReservationPlan(
            pool_id=1, holder=Holder(kind="static", name="printer"), addresses=(address,)
        )
        deeds: list[Callable[[], object]] = [
            partial(requests.decide, store, asked.id, "approved", OPERATORS[0]),
            partial(reservations.reserve, store, other, OPERATORS[1]),
        ]
        outcome = at_once(deeds)
        assert [type(one) for one in outcome].count(AddressTaken) == 1
        state = requests.request(store, asked.id).state
        assert state == ("pending" if isinstance(outcome[0], AddressTaken) else "approved")
    assert reserved(store) == 10
