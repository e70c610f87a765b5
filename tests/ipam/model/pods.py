"""What the calls of pods do: ADD and DEL."""

from __future__ import annotations

import copy
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from ipam.model.spans import clipped, holds, span
from ipam.model.state import CNI_NETWORK, NO_SANDBOX, Held, Isolated, Pool, Refused, State, User

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipam.model.spans import Address
    from ipam.model.state import Key, OwnerKey, Place, Space, Wish
    from rowhouse.domain.requests import RangeRequest


class Pods(State):
    """One call after the other."""

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
                self._move(key, held, NO_SANDBOX)
                held.waiting = held.ttl is not None
            else:
                self.release(key)
        return [address for _, address in used]

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
            and any(holds(segment, key[1]) for segment in self._segments(wanted, pool))
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
            self.record(key, held)

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
        segments = [span(segment) for segment in wanted.segments]
        if wanted.pool and wanted.has_candidates:
            segments = [part for ends in pool.window for part in clipped(segments, *ends)]
        elif wanted.pool:
            segments = pool.window
        return segments if pool.bounds is None else clipped(segments, *pool.bounds)

    def _new(self, owner: OwnerKey, place: Place, wanted: RangeRequest, wish: Wish) -> Key:
        pool = self.pool_of(wanted)
        asked = ip_address(wanted.requested) if wanted.requested else None
        slots = [h.slot for h in self.held.values() if h.owner == owner and h.pool is pool]
        self.free_what_is_due(pool.space)
        segments = self._segments(wanted, pool)
        if wanted.has_candidates and not segments:
            raise Refused("AddressOutsideRanges")
        own = [
            key
            for key, one in self.resting.items()
            if one.owner == owner and key[0] == pool.space and not self.is_gateway(key)
            # (Candidates are no exception.)
            if asked is not None or not self.is_kept(key)
            if asked in {None, key[1]} and any(holds(segment, key[1]) for segment in segments)
        ]
        if own:
            exempt = min(own, key=lambda key: (key[1].version, int(key[1])))
            del self.resting[exempt]
            segments = [(exempt[1], exempt[1])]
        if asked is None:
            try:
                address = self._lowest(pool.space, segments, wanted)
            except Refused:
                self.uncollected = set()
                self.free_what_is_due(pool.space)
                address = self._lowest(pool.space, segments, wanted)
            slot = max(slots) + 1 if wanted.slot in slots else wanted.slot
        else:
            if not any(holds(segment, asked) for segment in segments):
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

    def _lowest(
        self, space: Space, segments: Iterable[tuple[Address, Address]], wanted: RangeRequest
    ) -> Address:
        for first, last in segments:
            address = first
            while (
                (space, address) in self.held
                or (space, address) in self.resting
                or self.is_gateway((space, address))
                or (self.is_kept((space, address)) and not wanted.has_candidates)
            ):
                if address == last:
                    break
                address += 1
            else:
                return address
        raise Refused("AddressTaken" if wanted.has_candidates else "PoolExhausted")

    def _move(self, key: Key, held: Held, place: Place, *, uid: str | None = "as it is") -> None:
        new = (place, held.uid if uid == "as it is" else uid)
        if (held.place, held.uid) != new:
            held.place, held.uid = new
            self.record(key, held)


def _lock_order(wanted: RangeRequest, i: int) -> tuple[object, ...]:
    if wanted.pool is not None:
        return wanted.network, 0, wanted.pool, i
    block = ip_network(wanted.cidr)
    return wanted.network, 1, block.version, int(block.network_address), block.prefixlen, i
