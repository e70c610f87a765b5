"""What operators may do."""

from __future__ import annotations

import copy
from ipaddress import ip_network
from typing import TYPE_CHECKING

from ipam.model.state import NO_SANDBOX, Held, Refused, State

if TYPE_CHECKING:
    from ipam.model.spans import Address
    from ipam.model.state import Key, OwnerKey, Pool


class Operators(State):
    """Reservations and gateways by hand."""

    def reserve_by_hand(
        self, pool: Pool, address: Address, owner: OwnerKey, *, force: bool
    ) -> None:
        """One address for a pod or a device, until it is released. Raises Refused."""
        key = (pool.space, address)
        block = ip_network(pool.cidr)
        if address not in block:
            raise Refused("AddressOutsideRanges")
        is_special = address in {block[0], block[-1]}
        # What is due is freed first.
        is_held = key in self.held and not self.held[key].due
        if not force and not is_held and (is_special or self.is_gateway(key)):
            raise Refused("InTheWay")
        before = copy.deepcopy(self)
        self.free_what_is_due(pool.space)
        if key in self.held or key in self.resting:
            self.__dict__.update(before.__dict__)
            raise Refused("AddressTaken")
        slot = self.next_slot(owner, pool)
        self.reserve(key, Held(pool, owner, slot, NO_SANDBOX, sticky=True, is_operators=True))

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
        held.slot = self.next_slot(owner, held.pool)
        held.users, held.sticky, held.is_operators = [], True, True
        held.ttl, held.waiting, held.due = None, False, False
        before = held.owner, held.uid, held.place
        held.owner, held.uid, held.place = owner, None, NO_SANDBOX
        if (held.owner, held.uid, held.place) != before:
            self.record(key, held)

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
