"""Whatever happens to addresses, by any program: the history has the owner of each one at every moment."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fixtures.examples import seeds
from fixtures.pods import Pods, subnet
from rowhouse.domain.administration import Actor, Holder, PoolPlan, ReservationPlan
from rowhouse.ipam.pools import create_pool
from rowhouse.ipam.reservations import reassign, release, reserve

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

CIDR = "10.0.0.0/28"
ME = Actor(name="alice")
NOBODY = ""
"""The container of an address that no sandbox uses."""
# `now()` would be the moment at which a transaction began.
CLOCK = "SELECT clock_timestamp()"
WHO_HAD = "SELECT host(address), name, container_id FROM who_had(%s, %s)"
HELD_BY = "SELECT host(address), container_id, held_until IS NULL FROM held_by('default', %s)"

Owner = tuple[str, str]
"""Name and container."""


@dataclass
class Past:
    """What is, and what was: the state of all addresses between two moments."""

    now: dict[str, Owner] = field(default_factory=dict)
    users: dict[str, list[str]] = field(default_factory=dict)
    spans: list[tuple[datetime, datetime, dict[str, Owner]]] = field(default_factory=list)
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, address and container of each tenure, in the order of their beginnings."""

    def hold(self, address: str, owner: Owner) -> None:
        """The address is this owner's."""
        if self.now.get(address) != owner:
            self.now[address] = owner
            self.lines.append((owner[0], address, owner[1]))

    def free(self, address: str) -> None:
        """The address has no owner."""
        self.now.pop(address, None)
        self.users.pop(address, None)


class World:
    """One network in which things happen at random, and its past."""

    def __init__(self, store: Store, dba: psycopg.Connection[TupleRow], seed: int) -> None:
        self.chance = random.Random(seed)
        self.store, self.dba, self.past = store, dba, Past()
        self.pods = Pods(store)
        self.pool = create_pool(store, PoolPlan(cidr=CIDR), "storage", ME)
        self.numbers = itertools.count()

    def clock(self) -> datetime:
        """The time, by the database."""
        row = self.dba.execute(CLOCK).fetchone()
        assert row
        moment: datetime = row[0]
        return moment

    def live(self, steps: int) -> None:
        """Let so many things happen."""
        begin = self.clock()
        deeds = (
            *(self.add, self.add, self.delete, self.by_hand, self.give_back, self.hand_over),
            *(self.dba_deletes, self.dba_renames),
        )
        for _ in range(steps):
            state = dict(self.past.now)
            self.past.spans.append((begin, self.clock(), state))
            self.chance.choice(deeds)()
            begin = self.clock()
        self.past.spans.append((begin, begin + timedelta(days=1), dict(self.past.now)))

    def any_held(self, *, attached: bool | None = None) -> str | None:
        """An address that is held."""
        held = [
            address
            for address in self.past.now
            if attached is None or attached == bool(self.past.users.get(address))
        ]
        return self.chance.choice(held) if held else None

    def add(self) -> None:
        """A pod's ADD; for one that runs already, its next sandbox's."""
        pod = f"web-{self.chance.randrange(8)}"
        container = f"{pod}.{next(self.numbers)}"
        address = self.pods.add(pod, subnet(CIDR, network="storage"), container=container)
        self.past.users.setdefault(address, []).append(container)
        self.past.hold(address, (pod, container))

    def delete(self) -> None:
        """A sandbox's DEL; the address gets the next owner, or none."""
        address = self.any_held(attached=True)
        if address is None:
            return
        users = self.past.users[address]
        self.pods.delete(users.pop(self.chance.randrange(len(users))))
        if users:
            self.past.hold(address, (self.past.now[address][0], users[-1]))
        else:
            self.past.free(address)

    def by_hand(self) -> None:
        """An operator reserves an address."""
        if len(self.past.now) > 10:
            return
        name = f"printer-{self.chance.randrange(3)}"
        plan = ReservationPlan(pool_id=self.pool.id, holder=Holder(kind="static", name=name))
        [made] = reserve(self.store, plan, ME)
        self.past.hold(made.address, (name, NOBODY))

    def give_back(self) -> None:
        """An operator releases an address that no sandbox uses."""
        if (address := self.any_held(attached=False)) is not None:
            release(self.store, (self.pool.network_id, address), ME)
            self.past.free(address)

    def hand_over(self) -> None:
        """An operator gives an address to another owner."""
        if (address := self.any_held(attached=False)) is not None:
            name = f"scanner-{next(self.numbers)}"
            holder = Holder(kind="static", name=name)
            reassign(self.store, (self.pool.network_id, address), holder, ME)
            self.past.hold(address, (name, NOBODY))

    def dba_deletes(self) -> None:
        """A DBA deletes a row."""
        if (address := self.any_held()) is not None:
            self.dba.execute("DELETE FROM reservations WHERE address = %s", (address,))
            self.past.free(address)

    def dba_renames(self) -> None:
        """A DBA changes an owner."""
        if (address := self.any_held(attached=False)) is not None:
            name = f"renamed-{next(self.numbers)}"
            self.dba.execute(
                "UPDATE reservations SET owner_name = %s WHERE address = %s", (name, address)
            )
            self.past.hold(address, (name, NOBODY))


@pytest.mark.parametrize("seed", seeds([1, 2, 3, 4]))
def test_who_had_an_address_at_any_moment(
    store: Store, dba: psycopg.Connection[TupleRow], seed: int
) -> None:
    world = World(store, dba, seed)
    world.live(120)
    addresses = {address for _, address, _ in world.past.lines}
    assert len(addresses) > 5
    for begin, end, state in world.past.spans:
        moments = [begin, end, begin + (end - begin) * world.chance.random()]
        for moment in moments:
            for address in world.chance.sample(sorted(addresses), 4):
                found = dba.execute(WHO_HAD, (address, moment)).fetchall()
                expected = [(address, *state[address])] if address in state else []
                assert found == expected, (address, moment)
    before = world.past.spans[0][0] - timedelta(days=1)
    assert dba.execute(WHO_HAD, (min(addresses), before)).fetchall() == []


@pytest.mark.parametrize("seed", seeds([5, 6]))
def test_what_a_pod_held(store: Store, dba: psycopg.Connection[TupleRow], seed: int) -> None:
    world = World(store, dba, seed)
    world.live(150)
    for pod in (f"web-{i}" for i in range(8)):
        found = dba.execute(HELD_BY, (pod,)).fetchall()
        expected = [(address, box) for name, address, box in world.past.lines if name == pod]
        assert [(address, box) for address, box, _ in found] == expected
        held = {address for address, (name, _) in world.past.now.items() if name == pod}
        assert {address for address, _, open_end in found if open_end} == held
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
