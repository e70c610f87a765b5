"""What the model knows: pools, reservations, quarantined addresses, gateways, history."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import NamedTuple

from ipam.model.spans import Address, holds, joined

Space = tuple[str, str]
Place = tuple[str, str]
"""Node and container id of a sandbox; two empty strings: none."""

NO_SANDBOX: Place = ("", "")
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
class State:
    """All address spaces, and what happens to an address in the same way for all callers."""

    pools: dict[tuple[str, str], Pool] = field(default_factory=dict)
    named: dict[str, Pool] = field(default_factory=dict)
    held: dict[Key, Held] = field(default_factory=dict)
    resting: dict[Key, Resting] = field(default_factory=dict)
    gateways: dict[tuple[Key, str, str], None] = field(default_factory=dict)
    """Known gateways by (space, address), CIDR of the pool, and CNI network; "": set by an operator."""
    kept: dict[tuple[Space, Address, Address], None] = field(default_factory=dict)
    """Runs that are for requests only: space, first and last address."""
    history: dict[Key, list[Tenure]] = field(default_factory=dict)
    uncollected: set[Key] = field(default_factory=set)
    """What is due, and was not freed by the call that is judged: the allocator must only if nothing else is free."""

    def release(self, key: Key) -> None:
        """The address is free, or quarantined."""
        held = self.held.pop(key)
        if held.pool.rests:
            self.resting[key] = Resting(held.owner)

    def reserve(self, key: Key, held: Held) -> None:
        """The address is taken."""
        self.resting.pop(key, None)
        self.held[key] = held
        self.record(key, held)

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

    def is_kept(self, key: Key) -> bool:
        """Whether it is for requests only."""
        return any(key[0] == space and holds((low, high), key[1]) for space, low, high in self.kept)

    def kept_addresses(self) -> list[Key]:
        """Each address for requests only that a pool covers."""
        return [
            (space, low + i)
            for space, low, high in self.kept
            for i in range(int(high) - int(low) + 1)
            if any(
                pool.space == space and low + i in ip_network(pool.cidr)
                for pool in self.pools.values()
            )
        ]

    def forget(self, known: tuple[Key, str, str]) -> None:
        """A network configuration no longer has this gateway."""
        del self.gateways[known]

    def next_slot(self, owner: OwnerKey, pool: Pool) -> int:
        """The slot of an owner's next address in a pool."""
        slots = [h.slot for h in self.held.values() if h.owner == owner and h.pool is pool]
        return max(slots) + 1 if slots else 0

    def free_what_is_due(self, space: Space) -> None:
        """Free what is due, but for what is `uncollected`."""
        left = self.uncollected
        self.resting = {
            k: one for k, one in self.resting.items() if not one.due or k[0] != space or k in left
        }
        for key in [k for k, held in self.held.items() if held.due and k[0] == space]:
            if key not in left:
                self.release(key)

    def record(self, key: Key, held: Held) -> None:
        """Begin a line of the history."""
        line = Tenure(key[1], held.owner.name, held.uid, held.place[1])
        self.history.setdefault(key, []).append(line)
