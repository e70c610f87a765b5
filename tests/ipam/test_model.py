"""Whatever happens in whatever order, PostgreSQL and a simple model agree on every address."""

from __future__ import annotations

import itertools
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, ClassVar

import hypothesis.strategies as st
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fixtures.clock import jump
from fixtures.pods import hosts, subnet, twice
from ipam.model import Address, Held, Key, Model, OwnerKey, Pool, Refused, Wish, joined
from ipam.model.draws import (
    ALONE,
    ASKED,
    BY_HAND,
    GATEWAY,
    GATEWAYS,
    HOPS,
    KEPT,
    LISTED,
    NAMED,
    RANGES,
    WINDOWS,
)
from ipam.model.queries import (
    DISAGREEMENTS,
    DUE,
    FORGET,
    FREE,
    HELD,
    HISTORY,
    KEEP,
    KEEP_NO_LONGER,
    NAMED_POOL,
    NETWORK,
    POOL,
    PROBLEMS,
    RELEASE,
    RESERVE,
    SET_GATEWAY,
    TIME_PASSES,
    WINDOW,
)
from rowhouse.domain.administration import Actor, Holder, ReservationPlan
from rowhouse.domain.errors import RowhouseError
from rowhouse.domain.requests import Owner, RangeRequest, Sandbox
from rowhouse.ipam import reservations
from rowhouse.ipam.attach import attach
from rowhouse.ipam.detach import detach
from rowhouse.ipam.garbage import collect_garbage
from rowhouse.store.allocation.allocator import sandboxes_of_node
from rowhouse.store.connection.errors import Refusal
from rowhouse.store.history.repair import repair

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

PODS = ("web-0", "web-1", "db-0", "db-1")
ANNA = Actor(name="anna")
OWNERS = st.sampled_from([OwnerKey(pod, "net1") for pod in PODS] + [OwnerKey("printer", "")])


def _refusal(act: Callable[[], object]) -> str:
    """The name of the error that it ends with; empty: none."""
    try:
        act()
    except RowhouseError as error:
        return type(error).__name__
    except Refused as refused:
        return refused.kind
    return ""


class Allocator(RuleBasedStateMachine):
    """One writer. Every example has networks and a cluster name of its own in one database."""

    store: ClassVar[Store]
    dba: ClassVar[psycopg.Connection[TupleRow]]
    examples: ClassVar[itertools.count[int]]

    @initialize()
    def start(self) -> None:
        self.name = f"example{next(self.examples)}"
        self.model = Model()
        self.dba.execute(NAMED_POOL, {"name": self.name, "cidr": NAMED, "gateway": GATEWAY})
        first, last = (ip_address(end) for end in hosts(NAMED))
        named = Pool((self.name, ""), self.name, NAMED, [(first, last)])
        named.rests = True
        self.model.gateways[((self.name, ""), ip_address(GATEWAY)), NAMED, ""] = None
        self.model.pools[self.name, NAMED] = self.model.named[self.name] = named

    def wishes(self, data: st.DataObject) -> tuple[RangeRequest, ...]:
        out = []
        for _ in range(data.draw(st.sampled_from((1, 1, 1, 2, 3)), label="ranges")):
            kind = data.draw(
                st.sampled_from(("range",) * 6 + ("pool",) + ("isolated",) * 2), label="kind"
            )
            asked = data.draw(st.sampled_from((None,) * 20 + ASKED), label="requested")
            listed = asked is None and data.draw(
                st.sampled_from((False,) * 4 + (True,)), label="listed"
            )
            if kind == "pool":
                named = RangeRequest(network=self.name, pool=self.name, requested=asked)
                out.append(
                    replace(named, segments=LISTED, has_candidates=True) if listed else named
                )
            elif kind == "isolated":
                cidr = data.draw(st.sampled_from(ALONE), label="range")
                out.append(subnet(cidr, network=self.name, isolated=True, requested=asked))
            else:
                cidr, segments = data.draw(st.sampled_from(RANGES), label="range")
                network = data.draw(st.sampled_from((self.name,) * 5 + (f"{self.name}b",)))
                hop = data.draw(st.sampled_from((None,) * 12 + HOPS), label="gateway")
                gateways = (hop,) if hop and ip_address(hop) in ip_network(cidr) else ()
                spelled = subnet(cidr, *segments, network=network, requested=asked)
                out.append(replace(spelled, gateways=gateways, has_candidates=listed))
        # One key of the configuration says it for all of its ranges.
        alone = any(one.isolated for one in out)
        return twice(*(replace(one, isolated=alone) for one in out))

    @rule(
        data=st.data(),
        pod=st.sampled_from(PODS),
        generation=st.integers(0, 3),
        keep=st.sampled_from((None, None, None, 0.0, 3600.0)),
    )
    def add(self, data: st.DataObject, pod: str, generation: int, keep: float | None) -> None:
        """`keep` 0: sticky for ever; else for so many seconds."""
        # The second sandbox replaces the first; the third is a migration; the fourth is another pod.
        node = f"node{generation // 2 + 1}"
        wanted = self.wishes(data)
        container, uid = f"{pod}.{generation}", f"uid{generation // 3}"
        sticky, ttl = keep is not None, keep or None
        owner = Owner(
            cluster=self.name, namespace="default", name=pod, interface="net1", uid=uid,
            sticky=sticky, sticky_ttl=ttl,
        )  # fmt: skip
        key = OwnerKey(pod, "net1")
        try:
            given = attach(self.store, owner, self.sandbox(container, node), wanted)
            real: list[Address] | str = [ip_address(one.address) for one in given]
            self.model.uncollected = self.due()
        except RowhouseError as error:
            real = type(error).__name__
            self.model.uncollected = set()
        try:
            wish = Wish(uid, sticky, ttl)
            expected: list[Address] | str = self.model.add(key, (node, container), wanted, wish)
        except Refused as refused:
            expected = refused.kind
        self.model.uncollected = set()
        assert real == expected

    def due(self) -> set[Key]:
        """Addresses whose quarantine or time to live is over, and that are not free yet."""
        found = self.dba.execute(DUE, {"networks": f"{self.name}%"})
        return {((name, pool), address) for name, pool, address in found}

    @rule(pod=st.sampled_from(PODS), generation=st.integers(0, 3))
    def delete(self, pod: str, generation: int) -> None:
        container = f"{pod}.{generation}"
        real = detach(self.store, self.sandbox(container, "elsewhere"))
        expected = self.model.delete(container, "net1")
        assert {ip_address(one.address) for one in real} == set(expected)

    @rule(node=st.sampled_from(("node1", "node2")), alive=st.sets(st.sampled_from(PODS)))
    def garbage(self, node: str, alive: set[str]) -> None:
        """A GC whose list holds the first and second sandbox of some pods."""
        valid = {(f"{pod}.{generation}", "net1") for pod in alive for generation in (0, 1)}
        listed = sandboxes_of_node(self.store, self.name, node, "storage")
        collect_garbage(self.store, self.name, node, "storage", valid)
        for container, interface in listed:
            if (container, interface) not in valid:
                self.model.delete(container, interface)

    @precondition(lambda self: self.model.held)
    @rule(data=st.data())
    def dba_deletes(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.held, key=str)))
        done = self.dba.execute(RELEASE, (*key[0], str(key[1])))
        assert done.rowcount == 1
        self.model.release(key)

    @rule(address=st.sampled_from(("10.0.1.1", GATEWAY, "10.0.1.6")))
    def dba_inserts(self, address: str) -> None:
        """A person may take what is quarantined, and what the window leaves out, but no gateway."""
        key: Key = ((self.name, ""), ip_address(address))
        if self.model.is_gateway(key) and key not in self.model.held:
            with pytest.raises(psycopg.Error, match="is not free") as refused:
                self.dba.execute(RESERVE, (address, f"switch {address}", self.name))
            assert refused.value.sqlstate == Refusal.ADDRESS_TAKEN
            return
        try:
            self.dba.execute(RESERVE, (address, f"switch {address}", self.name))
        except psycopg.errors.UniqueViolation:
            assert key in self.model.held
            return
        assert key not in self.model.held
        owner = OwnerKey(f"switch {address}", "")
        self.model.reserve(key, Held(self.model.named[self.name], owner, 0, ("", "")))

    @rule(address=st.sampled_from(BY_HAND), owner=OWNERS, force=st.booleans())
    def operator_reserves(self, address: str, owner: OwnerKey, force: bool) -> None:  # noqa: FBT001
        cidr = NAMED if ip_address(address) in ip_network(NAMED) else "10.0.0.0/28"
        pool = self.model.pools.get((self.name, cidr))
        if pool is None:
            return
        [(pool_id,)] = self.dba.execute(POOL, (self.name, cidr))
        plan = ReservationPlan(
            pool_id=pool_id, holder=self.holder(owner), addresses=(address,), force=force
        )
        self.both(
            lambda: reservations.reserve(self.store, plan, ANNA),
            lambda: self.model.reserve_by_hand(pool, ip_address(address), owner, force=force),
        )

    @precondition(lambda self: self.model.held)
    @rule(data=st.data(), force=st.booleans())
    def operator_releases(self, data: st.DataObject, force: bool) -> None:  # noqa: FBT001
        key, real = self.drawn(data)
        self.both(
            lambda: reservations.release(self.store, real, ANNA, even_attached=force),
            lambda: self.model.release_by_hand(key, force=force),
        )

    @precondition(lambda self: self.model.held)
    @rule(data=st.data(), owner=OWNERS, force=st.booleans())
    def operator_reassigns(self, data: st.DataObject, owner: OwnerKey, force: bool) -> None:  # noqa: FBT001
        key, real = self.drawn(data)
        holder = self.holder(owner)
        self.both(
            lambda: reservations.reassign(self.store, real, holder, ANNA, even_attached=force),
            lambda: self.model.reassign(key, owner, force=force),
        )

    @rule(pool=st.sampled_from(GATEWAYS), force=st.booleans())
    def operator_sets_a_gateway(self, pool: tuple[str, str | None], force: bool) -> None:  # noqa: FBT001
        cidr, gateway = pool
        known = self.model.pools.get((self.name, cidr))
        if known is None:
            return
        hop = None if gateway is None else ip_address(gateway)
        self.dba.execute("SELECT set_config('rowhouse.force', %s, false)", ("on" if force else "",))
        real = ""
        try:
            self.dba.execute(SET_GATEWAY, (gateway, self.name, cidr))
        except psycopg.Error as error:
            assert error.sqlstate == Refusal.IN_THE_WAY  # noqa: PT017 - it may also succeed
            real = "InTheWay"
        self.dba.execute("SET rowhouse.force = ''")
        assert real == _refusal(lambda: self.model.set_gateway(known, hop, force=force))

    @precondition(lambda self: any(network for *_, network in self.model.gateways))
    @rule(data=st.data())
    def dba_forgets_a_gateway(self, data: st.DataObject) -> None:
        learned = sorted((known for known in self.model.gateways if known[2]), key=str)
        key, cidr, network = known = data.draw(st.sampled_from(learned))
        done = self.dba.execute(FORGET, (*key[0], str(key[1]), cidr, network))
        assert done.rowcount == 1
        self.model.forget(known)

    @rule(window=st.sampled_from(WINDOWS), is_set=st.booleans())
    def dba_sets_a_window(self, window: tuple[str, str, str], is_set: bool) -> None:  # noqa: FBT001
        """It binds those who spell the range as well; what is in use stays."""
        cidr, first, last = window
        pool = self.model.pools.get((self.name, cidr))
        if pool is not None:
            bounds = (first, last) if is_set else (None, None)
            # This DBA insists: a window may leave out addresses that sandboxes use.
            self.dba.execute("SET rowhouse.force = 'on'")
            self.dba.execute(WINDOW, (*bounds, self.name, cidr))
            self.dba.execute("SET rowhouse.force = ''")
            pool.bounds = (ip_address(first), ip_address(last)) if is_set else None

    @rule(run=st.sampled_from(KEPT))
    def dba_keeps_addresses_for_requests(self, run: tuple[str, str]) -> None:
        """Those in use are kept so once they are released; a second time, they are given out again."""
        first, last = map(ip_address, run)
        known = ((self.name, ""), first, last)
        if known in self.model.kept:
            assert self.dba.execute(KEEP_NO_LONGER, (self.name, run[0])).rowcount == 1
            del self.model.kept[known]
            return
        self.dba.execute("SET rowhouse.force = 'on'")
        assert self.dba.execute(KEEP, (*run, self.name)).rowcount == 1
        self.dba.execute("SET rowhouse.force = ''")
        self.model.kept[known] = None

    @rule()
    def time_passes(self) -> None:
        for statement in TIME_PASSES:
            self.dba.execute(statement)
        self.model.time_passes()

    @rule(seconds=st.sampled_from((-86400, -3600, -1, 3600)))
    def clock_jumps(self, seconds: int) -> None:
        """The database's clock: the history must not care."""
        jump(self.dba, seconds, networks=f"{self.name}%", due=False)
        if abs(seconds) > 60:
            # What a clock quarantined that was ahead by more than a minute may end early: here it does.
            self.dba.execute(TIME_PASSES[0])
            self.model.quarantines_end()

    @invariant()
    def history_agrees_with_the_reservations(self) -> None:
        assert self.dba.execute(DISAGREEMENTS, (f"{self.name}%",)).fetchall() == []

    @invariant()
    def both_know_the_same_reservations(self) -> None:
        real = {
            ((name, pool), address): tuple(rest)
            for name, pool, address, *rest in self.dba.execute(HELD, (f"{self.name}%",))
        }
        expected = {
            key: (
                held.owner.name, held.owner.interface, *held.place, held.uid, held.slot,
                held.sticky, [user.container for user in held.users],
            )
            for key, held in self.model.held.items()
        }  # fmt: skip
        assert real == expected

    @invariant()
    def free_reserved_and_quarantined_are_all_that_the_pools_cover(self) -> None:
        parts: dict[tuple[str, str], list[tuple[int, int]]] = {}
        resting = set()
        for name, pool, first, last, quarantined in self.dba.execute(FREE, (f"{self.name}%",)):
            space = (name, pool)
            parts.setdefault(space, []).append((int(first), int(last)))
            if quarantined:
                assert first == last
                resting.add((space, first))
        assert resting == set(self.model.resting)
        withheld = {key for key, *_ in self.model.gateways} | set(self.model.kept_addresses())
        withheld -= self.model.held.keys()
        for space, address in (*self.model.held, *withheld):
            parts.setdefault(space, []).append((int(address), int(address)))
        spaces = {pool.space for pool in self.model.pools.values()}
        for space in spaces:
            assert joined(parts.get(space, [])) == self.model.covered(space)

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        assert self.dba.execute(PROBLEMS).fetchall() == []
        real: dict[Key, list[tuple[object, ...]]] = {}
        for name, pool, address, *rest in self.dba.execute(HISTORY, (f"{self.name}%",)):
            real.setdefault(((name, pool), address), []).append((address, *rest))
        assert real == self.model.history

    def both(self, real: Callable[[], object], expected: Callable[[], object]) -> None:
        """Both do it, or both refuse it with the same error."""
        assert _refusal(real) == _refusal(expected)

    def drawn(self, data: st.DataObject) -> tuple[Key, tuple[int, str]]:
        """What is reserved, in the words of the model and of the database."""
        key = data.draw(st.sampled_from(sorted(self.model.held, key=str)))
        [(network,)] = self.dba.execute(NETWORK, key[0])
        return key, (network, str(key[1]))

    def holder(self, owner: OwnerKey) -> Holder:
        if not owner.interface:
            return Holder(kind="static", name=owner.name)
        return Holder(
            kind="pod", cluster=self.name, namespace="default", name=owner.name,
            interface=owner.interface,
        )  # fmt: skip

    def sandbox(self, container: str, node: str) -> Sandbox:
        return Sandbox(
            cluster=self.name,
            node=node,
            container_id=container,
            interface="net1",
            network_name="storage",
        )


@pytest.mark.timeout(600)  # of which hypothesis takes five minutes at most, to shorten a failure
@pytest.mark.parametrize(
    "examples",
    [
        15,
        pytest.param(45, marks=pytest.mark.one_postgresql),
        pytest.param(110, marks=pytest.mark.slow),
    ],
)
def test_the_allocator_does_what_the_model_does(
    store: Store, dba: psycopg.Connection[TupleRow], examples: int
) -> None:
    class Machine(Allocator):
        pass

    Machine.store, Machine.dba, Machine.examples = store, dba, itertools.count()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    repair(store, Actor(name="alice"))
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
