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
"""Node and container id of a sandbox; two empty strings: nobody."""

NOBODY: Place = ("", "")
CNI_NETWORK = "storage"


class Refused(Exception):
    """The model would not give an address; `kind` is the name of the domain's error."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


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
    users: list[Place] = field(default_factory=list)
    waiting: bool = False
    due: bool = False


class Tenure(NamedTuple):
    """A line of the history."""

    address: Address
    owner: str
    uid: str | None
    container: str


Key = tuple[Space, Address]


@dataclass
class Model:
    """All address spaces."""

    pools: dict[tuple[str, str], Pool] = field(default_factory=dict)
    named: dict[str, Pool] = field(default_factory=dict)
    held: dict[Key, Held] = field(default_factory=dict)
    resting: dict[Key, bool] = field(default_factory=dict)
    gateways: dict[tuple[Key, str, str], None] = field(default_factory=dict)
    """Known gateways by (space, address), CIDR of the pool, and CNI network; "": set by an operator."""
    history: dict[Key, list[Tenure]] = field(default_factory=dict)

    def add(
        self, owner: OwnerKey, place: Place, wanted: Sequence[RangeRequest], wish: Wish
    ) -> list[Address]:
        """ADD: one address of each range, all or nothing. Raises Refused."""
        before = copy.deepcopy(self)
        given: dict[int, Address] = {}
        try:
            for one in wanted:
                self._learn(one)
            for i in sorted(range(len(wanted)), key=lambda i: _lock_order(wanted[i], i)):
                given[i] = self._add(owner, place, wanted[i], wish)
        except Refused:
            self.__dict__.update(before.__dict__)
            raise
        return [given[i] for i in range(len(wanted))]

    def delete(self, container: str, interface: str) -> list[Address]:
        """DEL of a sandbox; the addresses that it used."""
        used = [
            key
            for key, held in self.held.items()
            if held.owner.interface == interface and any(c == container for _, c in held.users)
        ]
        for key in used:
            held = self.held[key]
            held.users = [user for user in held.users if user[1] != container]
            if held.users:
                self._move(key, held, held.users[-1])
            elif held.sticky:
                self._move(key, held, NOBODY)
                held.waiting = held.ttl is not None
            else:
                self.release(key)
        return [address for _, address in used]

    def release(self, key: Key) -> None:
        """The address is nobody's."""
        held = self.held.pop(key)
        if held.pool.rests and not self.is_gateway(key):
            self.resting[key] = False

    def reserve(self, key: Key, held: Held) -> None:
        """The address is somebody's."""
        self.resting.pop(key, None)
        self.held[key] = held
        self._record(key, held)

    def time_passes(self) -> None:
        """Every quarantine and every time to live is over."""
        self.resting = dict.fromkeys(self.resting, True)
        for held in self.held.values():
            held.due = held.waiting

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

    def _add(self, owner: OwnerKey, place: Place, wanted: RangeRequest, wish: Wish) -> Address:
        pool = self.pool_of(wanted)
        asked = ip_address(wanted.requested) if wanted.requested else None
        own = {key: h for key, h in self.held.items() if h.owner == owner and h.pool is pool}
        for key, held in own.items():
            if (held.slot == wanted.slot) if asked is None else (key[1] == asked):
                held.sticky, held.ttl, held.waiting, held.due = wish.sticky, wish.ttl, False, False
                if place not in held.users:
                    held.users.append(place)
                self._move(key, held, place, uid=wish.uid)
                return key[1]
        self._what_is_due_is_free(pool.space)
        segments = pool.window if wanted.pool else [_span(segment) for segment in wanted.segments]
        if pool.bounds is not None:
            segments = _clipped(segments, *pool.bounds)
        if asked is None:
            address, slot = self._lowest(pool.space, segments), wanted.slot
        else:
            if not any(_holds(segment, asked) for segment in segments):
                raise Refused("AddressOutsideRanges")
            if self.is_gateway((pool.space, asked)) and (pool.space, asked) not in self.held:
                raise Refused("AddressOutsideRanges")
            if (pool.space, asked) in self.held or (pool.space, asked) in self.resting:
                raise Refused("AddressTaken")
            address, slot = asked, max((h.slot + 1 for h in own.values()), default=wanted.slot)
        made = Held(
            pool, owner, slot, place, uid=wish.uid, sticky=wish.sticky, ttl=wish.ttl, users=[place]
        )
        self.reserve((pool.space, address), made)
        return address

    def _learn(self, wanted: RangeRequest) -> None:
        for gateway in filter(None, wanted.gateways):
            pool = self.pool_of(wanted)
            key = (pool.space, ip_address(gateway))
            self.gateways[key, pool.cidr, CNI_NETWORK] = None
            self.resting.pop(key, None)

    def _what_is_due_is_free(self, space: Space) -> None:
        self.resting = {k: due for k, due in self.resting.items() if not due or k[0] != space}
        for key in [k for k, held in self.held.items() if held.due and k[0] == space]:
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
