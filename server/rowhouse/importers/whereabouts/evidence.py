"""Infer the networks of pools from reservations, whose names begin with the network and contain no node."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Final

from rowhouse.domain.addresses import AddressSyntaxError, MappedAddressError
from rowhouse.importers.whereabouts.objects import section, text
from rowhouse.k8s.whereabouts.annotations import NETWORK
from rowhouse.k8s.whereabouts.names import prefix_of_pool, readings_of_reservation
from rowhouse.k8s.whereabouts.offsets import BadKey, address_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rowhouse.importers.whereabouts.objects import Object


_ENOUGH: Final = 32
"""The number of agreeing entries of a pool after which checking stops."""

Readings = list[tuple[str, str]]
"""Every (network, address) that a reservation may be of."""


class Evidence:
    """The networks of the addresses by the reservations, and the addresses that pools list.

    Both are computed on first use, because most clusters have only plain pools of the default network.
    """

    def __init__(
        self, reservations: Iterable[tuple[Object, Readings]], pools: Iterable[Object]
    ) -> None:
        self._reservations = reservations
        self._pools = pools

    @cached_property
    def _reserved(self) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """(address, podref) → (network, interface) of each reservation."""
        found: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for obj, read in self._reservations:
            spec = section(obj, "spec")
            podref, interface = text(spec, "podref"), text(spec, "ifname")
            for network, address in read:
                found[address, podref].append((network, interface))
        return found

    @cached_property
    def _listed(self) -> set[tuple[str, str, str]]:
        """(prefix of the pool's name, address, podref) of each entry."""
        found: set[tuple[str, str, str]] = set()
        for obj in self._pools:
            metadata, spec = section(obj, "metadata"), section(obj, "spec")
            try:
                prefix = prefix_of_pool(text(metadata, "name"), text(spec, "range"))
            except (AddressSyntaxError, MappedAddressError):
                continue
            if prefix is not None:
                held = _held(text(spec, "range"), section(spec, "allocations"))
                found |= {(prefix, address, podref) for address, podref, _ in held}
        return found

    def network(self, prefix: str, written: str, allocations: Object) -> str | None:
        """Return the network of the pool whose name has this prefix; None if no reservation shows it.

        The prefix is the network, the node, or both: `a-node1` may be the network "a-node1", node1's slice in the
        network "a", or the slice of a node "a-node1" in the default network.
        """
        found: Counter[str] = Counter()
        for address, podref, interface in _held(written, allocations):
            if not podref:
                continue  # without a pod, it may belong to another network
            for network, reserved in self._reserved.get((address, podref), ()):
                if interface and reserved and interface != reserved:
                    continue
                fits = network in {"", prefix} or prefix.startswith(f"{network}-")
                # Otherwise the reservation belongs to a pool of that network, which lists the address.
                if fits and (network == prefix or (network, address, podref) not in self._listed):
                    found[network] += 1
            if found and max(found.values()) >= _ENOUGH:
                break
        return max(found, key=lambda one: (found[one], one == prefix), default=None)


def readings(reservation: Object) -> Readings:
    """Return every (network, address) that a reservation may mean; only one if it has our annotation."""
    metadata = section(reservation, "metadata")
    found = readings_of_reservation(text(metadata, "name"))
    annotations = section(metadata, "annotations")
    if NETWORK in annotations:
        told = [one for one in found if one[0] == annotations[NETWORK]]
        return told or found
    return found


def _held(written: str, allocations: Object) -> Iterator[tuple[str, str, str]]:
    """Yield (address, podref, interface) of each readable entry."""
    for key, value in allocations.items():
        if not isinstance(value, dict):
            continue
        try:
            address = address_at(written, str(key))
        except (BadKey, AddressSyntaxError, MappedAddressError):
            continue
        yield address, text(value, "podref"), text(value, "ifname")
