"""What the allocator promises, in plain Python: one writer, dictionaries, no cleverness.

An address space is a network name, or one pool of it that is isolated. Held addresses and quarantined
ones ("resting") are keyed by (space, address); all else that a pool covers is free.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rowhouse.domain.requests import RangeRequest

Address = IPv4Address | IPv6Address
Space = tuple[str, str]
Place = tuple[str, str]
"""Node and container id of a sandbox; two empty strings: none."""

NOBODY: Place = ("", "")
CNI_NETWORK = "storage"


class Refused(Exception):
    """The model would not give an address; `kind` is the name of the domain's error."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Isolated(Exception):
    """A request that shares addresses met a pool with a space of its own."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool.cidr)
        self.pool = pool


class OwnerKey(NamedTuple):
    """Whose an address is."""

    name: str
    interface: str


@dataclass
class Pool:
    """A range of a network; `window` is what callers get who name it."""

    space: Space
    network: str
    cidr: str
    window: list[tuple[Address, Address]] = field(default_factory=list)
    bounds: tuple[Address, Address] | None = None
    """What an operator lets it assign, to those who spell its range as well."""
    rests: bool = False

    @property
    def is_isolated(self) -> bool:
        """Whether it has a space of its own."""
        return bool(self.space[1])


class User(NamedTuple):
    """A sandbox that uses an address; `uid` is its pod's."""

    node: str
    container: str
    uid: str | None

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.node, self.container


class Wish(NamedTuple):
    """What an ADD wants beyond an address; `ttl` counts seconds, None is for ever."""

    uid: str | None = None
    sticky: bool = False
    ttl: float | None = None


@dataclass
class Held:
    """A reservation. `users` are the sandboxes that use it, in the order of their arrival."""

    pool: Pool
    owner: OwnerKey
    slot: int
    place: Place
    uid: str | None = None
    sticky: bool = False
    ttl: float | None = None
    users: list[User] = field(default_factory=list)
    waiting: bool = False
    due: bool = False
    is_operators: bool = False


class Tenure(NamedTuple):
    """A line of the history."""

    address: Address
    owner: str
    uid: str | None
    container: str


class Resting(NamedTuple):
    """A quarantined address: whose it was, and whether its time is over."""

    owner: OwnerKey
    due: bool = False


Key = tuple[Space, Address]


@dataclass
class Model:
    """All address spaces."""

    pools: dict[tuple[str, str], Pool] = field(default_factory=dict)
    named: dict[str, Pool] = field(default_factory=dict)
    held: dict[Key, Held] = field(default_factory=dict)
    resting: dict[Key, Resting] = field(default_factory=dict)
    gateways: dict[tuple[Key, str, str], None] = field(default_factory=dict)
    """Known gateways by (space, address), CIDR of the pool, and CNI network; "": set by an operator."""
    history: dict[Key, list[Tenure]] = field(default_factory=dict)
    uncollected: set[Key] = field(default_factory=set)
    """What is due, and was not freed by the call that is judged: the allocator must only if nothing else is free."""

    def add(
        self, owner: OwnerKey, place: Place, wanted: Sequence[RangeRequest], wish: Wish
    ) -> list[Address]:
        """ADD: one address of each range, all or nothing; an isolated pool joins first. Raises Refused."""
        while True:
            before = copy.deepcopy(self)
            try:
                return self._add(owner, place, wanted, wish)
            except Refused:
                self.__dict__.update(before.__dict__)
                raise
            except Isolated as met:
                self.__dict__.update(before.__dict__)
                self._join(self.pools[met.pool.network, met.pool.cidr])

    def _add(
        self, owner: OwnerKey, place: Place, wanted: Sequence[RangeRequest], wish: Wish
    ) -> list[Address]:
        given: dict[int, Key] = {}
        again: list[Key] = []
        for one in wanted:
            self._learn(one)
        for i in sorted(range(len(wanted)), key=lambda i: _lock_order(wanted[i], i)):
            pool = self.pool_of(wanted[i])
            if wanted[i].pool is None and pool.is_isolated and not wanted[i].isolated:
                raise Isolated(pool)
            call = [(one.network, one.cidr) for one in wanted if one.cidr]
            taken = set(given.values())
            last = max(one.slot for one in wanted)
            found = self._held(owner, place, wanted[i], taken, call, last)
            if found is None:
                given[i] = self._new(owner, place, wanted[i], wish)
            else:
                given[i] = found
                again.append(found)
                self._attach(found, place, wanted[i], wish)
        if wish.uid is not None:
            self._end_replaced(again, owner.interface, User(*place, wish.uid))
        return [given[i][1] for i in range(len(wanted))]

    def delete(self, container: str, interface: str) -> list[Address]:
        """DEL of a sandbox; the addresses that it used."""
        used = [
            key
            for key, held in self.held.items()
            if held.owner.interface == interface
            and any(user.container == container for user in held.users)
        ]
        for key in used:
            held = self.held[key]
            held.users = [user for user in held.users if user.container != container]
            if held.users:
                self._move(key, held, held.users[-1].place)
            elif held.sticky:
                self._move(key, held, NOBODY)
                held.waiting = held.ttl is not None
            else:
                self.release(key)
        return [address for _, address in used]

    def release(self, key: Key) -> None:
        """The address is free, or quarantined."""
        held = self.held.pop(key)
        if held.pool.rests:
            self.resting[key] = Resting(held.owner)

    def reserve(self, key: Key, held: Held) -> None:
        """The address is taken."""
        self.resting.pop(key, None)
        self.held[key] = held
        self._record(key, held)

    def reserve_by_hand(
        self, pool: Pool, address: Address, owner: OwnerKey, *, force: bool
    ) -> None:
        """One address for a pod or a device, until it is released. Raises Refused."""
        key = (pool.space, address)
        block = ip_network(pool.cidr)
        if address not in block:
            raise Refused("AddressOutsideRanges")
        is_special = address in {block[0], block[-1]}
        if not force and key not in self.held and (is_special or self.is_gateway(key)):
            raise Refused("InTheWay")
        before = copy.deepcopy(self)
        self._what_is_due_is_free(pool.space)
        if key in self.held or key in self.resting:
            self.__dict__.update(before.__dict__)
            raise Refused("AddressTaken")
        slot = self._next_slot(owner, pool)
        self.reserve(key, Held(pool, owner, slot, NOBODY, sticky=True, is_operators=True))

    def release_by_hand(self, key: Key, *, force: bool) -> None:
        """Raises Refused if a sandbox uses it, unless it is forced."""
        if self.held[key].users and not force:
            raise Refused("InTheWay")
        self.release(key)

    def reassign(self, key: Key, owner: OwnerKey, *, force: bool) -> None:
        """Another owner, by hand: the sandboxes of the previous one no longer have a say in it. Raises Refused."""
        held = self.held[key]
        if held.users and not force:
            raise Refused("InTheWay")
        held.slot = self._next_slot(owner, held.pool)
        held.users, held.sticky, held.is_operators = [], True, True
        held.ttl, held.waiting, held.due = None, False, False
        before = held.owner, held.uid, held.place
        held.owner, held.uid, held.place = owner, None, NOBODY
        if (held.owner, held.uid, held.place) != before:
            self._record(key, held)

    def set_gateway(self, pool: Pool, gateway: Address | None, *, force: bool) -> None:
        """An operator sets the gateway of a pool. Raises Refused where a sandbox uses it, unless it is forced."""
        own = [known for known in self.gateways if known[1:] == (pool.cidr, "")]
        own = [known for known in own if known[0][0] == pool.space]
        if gateway is None:
            for known in own:
                self.forget(known)
            return
        key = (pool.space, gateway)
        if (key, pool.cidr, "") in own:
            return
        if key in self.held and self.held[key].users and not force:
            raise Refused("InTheWay")
        for known in own:
            self.forget(known)
        self.gateways[key, pool.cidr, ""] = None

    def time_passes(self) -> None:
        """Every quarantine and every time to live is over."""
        self.quarantines_end()
        for held in self.held.values():
            held.due = held.waiting

    def quarantines_end(self) -> None:
        """Every quarantine is over."""
        self.resting = {key: one._replace(due=True) for key, one in self.resting.items()}

    def covered(self, space: Space) -> list[tuple[int, int]]:
        """What the pools of a space cover: spans of numbers, in order, joined."""
        blocks = [ip_network(pool.cidr) for pool in self.pools.values() if pool.space == space]
        return joined((int(block[0]), int(block[-1])) for block in blocks)

    def is_gateway(self, key: Key) -> bool:
        """Whether any pool or network configuration has its gateway there."""
        return any(known[0] == key for known in self.gateways)

    def forget(self, known: tuple[Key, str, str]) -> None:
        """A network configuration no longer has this gateway."""
        del self.gateways[known]

    def pool_of(self, wanted: RangeRequest) -> Pool:
        """The pool of a request, made if there is none."""
        if wanted.pool is not None:
            return self.named[wanted.pool]
        key = (wanted.network, wanted.cidr)
        if key not in self.pools:
            space = (wanted.network, wanted.cidr if wanted.isolated else "")
            self.pools[key] = Pool(space=space, network=wanted.network, cidr=wanted.cidr)
        return self.pools[key]

    def _join(self, pool: Pool) -> None:
        """An isolated pool moves to the shared space, with all that it has. Raises Refused."""
        old, shared = pool.space, (pool.network, "")
        moved = {key: held for key, held in self.held.items() if key[0] == old}
        if any((shared, address) in self.held for _, address in moved):
            raise Refused("InvalidConfig")
        pool.space = shared
        self.gateways = {
            ((shared, known[1]) if known[0] == old else known, cidr, network): None
            for known, cidr, network in self.gateways
        }
        for (_, address), held in moved.items():
            del self.held[old, address]
            self.reserve((shared, address), held)

    def _next_slot(self, owner: OwnerKey, pool: Pool) -> int:
        slots = [h.slot for h in self.held.values() if h.owner == owner and h.pool is pool]
        return max(slots) + 1 if slots else 0

    def _held(
        self,
        owner: OwnerKey,
        place: Place,
        wanted: RangeRequest,
        taken: set[Key],
        call: list[tuple[str, str]],
        last_slot: int,
    ) -> Key | None:
        """What the sandbox or its owner has of a range already; not what its call got for another range."""
        pool = self.pool_of(wanted)
        asked = ip_address(wanted.requested) if wanted.requested else None
        own = {
            key: held
            for key, held in self.held.items()
            if held.owner == owner and key not in taken and asked in {None, key[1]}
        }
        here = {key: held for key, held in own.items() if held.pool is pool}
        mine = [k for k, h in here.items() if any(user.place[1] == place[1] for user in h.users)]
        if mine:
            return min(mine, key=lambda key: (here[key].slot != wanted.slot, here[key].slot))
        for key, held in here.items():
            if asked is not None or held.slot == wanted.slot:
                return key
        by_hand = [k for k, held in here.items() if held.is_operators and held.slot > last_slot]
        if by_hand:
            return min(by_hand, key=lambda key: here[key].slot)
        elsewhere = [
            key
            for key, held in own.items()
            if key[0] == pool.space
            and (held.pool.network, held.pool.cidr) not in call
            and held.pool is not pool
            and any(_holds(segment, key[1]) for segment in self._segments(wanted, pool))
        ]
        return min(elsewhere, key=lambda key: (key[1].version, int(key[1])), default=None)

    def _attach(self, key: Key, place: Place, wanted: RangeRequest, wish: Wish) -> None:
        """One more sandbox uses an address. The policy is that of the reservation's maker."""
        held, pool = self.held[key], self.pool_of(wanted)
        held.waiting, held.due = False, False
        for i, user in enumerate(held.users):
            if user.container == place[1]:
                held.users[i] = User(*place, wish.uid if wish.uid is not None else user.uid)
                break
        else:
            held.users.append(User(*place, wish.uid))
        moved = held.pool is not pool
        if moved:
            slots = [h.slot for h in self.held.values() if h.owner == held.owner and h.pool is pool]
            held.slot = max(slots) + 1 if slots else wanted.slot
            held.pool = pool
        if moved or (held.place, held.uid) != (place, wish.uid):
            held.place, held.uid = place, wish.uid
            self._record(key, held)

    def _end_replaced(self, used: list[Key], interface: str, new: User) -> None:
        """The same pod on the same node has one sandbox at a time."""
        old = {
            user.container
            for key in used
            for user in self.held[key].users
            if (user.node, user.uid) == (new.node, new.uid) and user.container != new.container
        }
        for container in sorted(old):
            self.delete(container, interface)

    def _segments(self, wanted: RangeRequest, pool: Pool) -> list[tuple[Address, Address]]:
        segments = pool.window if wanted.pool else [_span(segment) for segment in wanted.segments]
        return segments if pool.bounds is None else _clipped(segments, *pool.bounds)

    def _new(self, owner: OwnerKey, place: Place, wanted: RangeRequest, wish: Wish) -> Key:
        pool = self.pool_of(wanted)
        asked = ip_address(wanted.requested) if wanted.requested else None
        slots = [h.slot for h in self.held.values() if h.owner == owner and h.pool is pool]
        self._what_is_due_is_free(pool.space)
        segments = self._segments(wanted, pool)
        own = [
            key
            for key, one in self.resting.items()
            if one.owner == owner and key[0] == pool.space and not self.is_gateway(key)
            if asked in {None, key[1]} and any(_holds(segment, key[1]) for segment in segments)
        ]
        if own:
            exempt = min(own, key=lambda key: (key[1].version, int(key[1])))
            del self.resting[exempt]
            segments = [(exempt[1], exempt[1])]
        if asked is None:
            try:
                address = self._lowest(pool.space, segments)
            except Refused:
                self.uncollected = set()
                self._what_is_due_is_free(pool.space)
                address = self._lowest(pool.space, segments)
            slot = max(slots) + 1 if wanted.slot in slots else wanted.slot
        else:
            if not any(_holds(segment, asked) for segment in segments):
                raise Refused("AddressOutsideRanges")
            # What a pool may assign has no gateways at all; a range's own segments may contain one.
            is_free = (pool.space, asked) not in self.held
            if self.is_gateway((pool.space, asked)) and (is_free or wanted.pool):
                raise Refused("AddressOutsideRanges")
            if (pool.space, asked) in self.held or (pool.space, asked) in self.resting:
                raise Refused("AddressTaken")
            address, slot = asked, max(slots) + 1 if slots else wanted.slot
        made = Held(pool, owner, slot, place, uid=wish.uid, sticky=wish.sticky, ttl=wish.ttl)
        made.users.append(User(*place, wish.uid))
        self.reserve((pool.space, address), made)
        return pool.space, address

    def _learn(self, wanted: RangeRequest) -> None:
        for gateway in filter(None, wanted.gateways):
            pool = self.pool_of(wanted)
            key = (pool.space, ip_address(gateway))
            self.gateways[key, pool.cidr, CNI_NETWORK] = None

    def _what_is_due_is_free(self, space: Space) -> None:
        left = self.uncollected
        self.resting = {
            k: one for k, one in self.resting.items() if not one.due or k[0] != space or k in left
        }
        for key in [k for k, held in self.held.items() if held.due and k[0] == space]:
            if key not in left:
                self.release(key)

    def _lowest(self, space: Space, segments: Iterable[tuple[Address, Address]]) -> Address:
        for first, last in segments:
            address = first
            while (
                (space, address) in self.held
                or (space, address) in self.resting
                or self.is_gateway((space, address))
            ):
                if address == last:
                    break
                address += 1
            else:
                return address
        raise Refused("PoolExhausted")

    def _move(self, key: Key, held: Held, place: Place, *, uid: str | None = "as it is") -> None:
        new = (place, held.uid if uid == "as it is" else uid)
        if (held.place, held.uid) != new:
            held.place, held.uid = new
            self._record(key, held)

    def _record(self, key: Key, held: Held) -> None:
        line = Tenure(key[1], held.owner.name, held.uid, held.place[1])
        self.history.setdefault(key, []).append(line)


def joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch or overlap as one."""
    out: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(last, out[-1][1]))
        else:
            out.append((first, last))
    return out


def _span(segment: tuple[str, str]) -> tuple[Address, Address]:
    return ip_address(segment[0]), ip_address(segment[1])


def _clipped(
    segments: Iterable[tuple[Address, Address]], low: Address, high: Address
) -> list[tuple[Address, Address]]:
    return [
        (first if int(first) > int(low) else low, last if int(last) < int(high) else high)
        for first, last in segments
        if int(first) <= int(high) and int(last) >= int(low)
    ]


def _holds(segment: tuple[Address, Address], address: Address) -> bool:
    first, last = segment
    return first.version == address.version and int(first) <= int(address) <= int(last)


def _lock_order(wanted: RangeRequest, i: int) -> tuple[object, ...]:
    if wanted.pool is not None:
        return wanted.network, 0, wanted.pool, i
    block = ip_network(wanted.cidr)
    return wanted.network, 1, block.version, int(block.network_address), block.prefixlen, i
