"""Join the allocations of the pools with the reservations: each address in use, once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress, IPNetwork

from rowhouse.domain.addresses import format_address
from rowhouse.domain.importing import NotTaken
from rowhouse.importers.whereabouts.objects import name_of, section, text
from rowhouse.k8s.whereabouts.offsets import LIMIT, BadKey, address_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rowhouse.importers.whereabouts.evidence import Readings
    from rowhouse.importers.whereabouts.objects import Object
    from rowhouse.importers.whereabouts.pools import SourcePool

_KEY_BITS: Final = 64
_INSANE: Final = 1 << _KEY_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """An address that whereabouts counts as used. `listed`: it is in a pool, not only in a reservation."""

    pool: SourcePool
    address: str
    podref: str
    interface: str
    container_id: str
    source: str
    listed: bool = True
    confirmed: bool = False
    """Whether a reservation confirms it."""
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Reservation:
    """An OverlappingRangeIPReservation; its name may mean several (network, address)."""

    source: str
    readings: Sequence[tuple[str, str]]
    podref: str
    interface: str
    container_id: str
    used: bool = False

    def is_of(self, podref: str, interface: str) -> bool:
        """Whether it is of this interface of this pod, as far as both sides say."""
        return self.podref == podref and (
            not self.interface or not interface or self.interface == interface
        )


class Join:
    """Joins pools and reservations. `not_taken` has what cannot be imported."""

    def __init__(
        self, pools: Sequence[SourcePool], reservations: Iterable[tuple[Object, Readings]]
    ) -> None:
        self.not_taken: list[NotTaken] = []
        self._pools = pools
        self._reservations = [
            one for obj, read in reservations if (one := self._reservation(obj, read))
        ]
        self._by_place: dict[tuple[str, str], list[_Reservation]] = defaultdict(list)
        self._by_podref: dict[str, list[_Reservation]] = defaultdict(list)
        for one in self._reservations:
            self._by_podref[one.podref].append(one)
            for reading in one.readings:
                self._by_place[reading].append(one)

    def allocations(self) -> list[Allocation]:
        """Return all allocations, those in pools first. An address may be in several pools."""
        found = [
            one
            for pool in self._pools
            for key, value in pool.allocations.items()
            if (one := self._allocation(pool, str(key), value))
        ]
        joined = [self._joined(one) for one in found]
        return [*joined, *self._alone()]

    def _reservation(self, obj: Object, found: Readings) -> _Reservation | None:
        source, spec = name_of(obj), section(obj, "spec")
        if not found:
            self.not_taken.append(NotTaken(source=source, reason="its name contains no address"))
            return None
        return _Reservation(
            source=source,
            readings=found,
            podref=text(spec, "podref"),
            interface=text(spec, "ifname"),
            container_id=text(spec, "containerid"),
        )

    def _allocation(self, pool: SourcePool, key: str, value: object) -> Allocation | None:
        source = f"{pool.name}, key {key[:40]}"
        if not isinstance(value, dict):
            self.not_taken.append(NotTaken(source=source, reason="it is not an object"))
            return None
        notes = [pool.note] if pool.note else []
        try:
            address = address_at(pool.written, key)
        except BadKey as error:
            recovered = self._beyond(pool, key, value)
            if recovered is None:
                self.not_taken.append(NotTaken(source=source, reason=str(error)))
                return None
            address = recovered
            notes.append(f"{error}; the pod has {address}")
        return Allocation(
            pool=pool,
            address=address,
            podref=text(value, "podref"),
            interface=text(value, "ifname"),
            container_id=text(value, "id"),
            source=source,
            notes=tuple(notes),
        )

    def _beyond(self, pool: SourcePool, key: str, value: Object) -> str | None:
        """Return the address for a key of 2^63 or more, which whereabouts writes for IPv6 and never reads.

        It is exact for host parts of up to 64 bits; for longer ones, a reservation must confirm it.
        """
        if not key.isdecimal() or not key.isascii() or len(key) > len(str(_INSANE)):
            return None
        written, offset = IPNetwork(pool.written), int(key)
        number = int(written.ip) + offset
        if not LIMIT <= offset < _INSANE or number > int(written[-1]):
            return None
        address = format_address(IPAddress(number, written.version))
        if 128 - written.prefixlen <= _KEY_BITS:
            return address
        same = self._by_place.get((pool.pool.network, address), [])
        podref, interface = text(value, "podref"), text(value, "ifname")
        return address if any(one.is_of(podref, interface) for one in same) else None

    def _joined(self, one: Allocation) -> Allocation:
        """Complete it from a reservation of the same address and pod."""
        for reservation in self._by_place.get((one.pool.pool.network, one.address), []):
            # An entry without a pod belongs to the reservation's pod, unless its pool needs no reservations.
            podref = one.podref or ("" if one.pool.pool.isolated else reservation.podref)
            if reservation.is_of(podref, one.interface):
                reservation.used = True
                return replace(
                    one,
                    podref=reservation.podref,
                    interface=one.interface or reservation.interface,
                    container_id=one.container_id or reservation.container_id,
                    confirmed=True,
                )
        return self._in_wide_range(one) or one

    def _in_wide_range(self, one: Allocation) -> Allocation | None:
        """Complete an address of an IPv6 range with more than 64 host bits: a key has only 64 bits of the offset.

        The name of the reservation contains the whole address.
        """
        written = IPNetwork(one.pool.written)
        if written.version == 4 or 128 - written.prefixlen <= _KEY_BITS:  # noqa: PLR2004 - IPv4
            return None
        base = int(written.ip)
        low = int(IPAddress(one.address)) - base
        for reservation in self._by_podref.get(one.podref, []):
            if reservation.used or not reservation.is_of(one.podref, one.interface):
                continue
            for network, address in reservation.readings:
                offset = int(IPAddress(address)) - base
                inside = IPAddress(address) in written and offset >= 0
                if network == one.pool.pool.network and inside and offset % _INSANE == low:
                    reservation.used = True
                    return replace(
                        one,
                        address=address,
                        interface=one.interface or reservation.interface,
                        container_id=one.container_id or reservation.container_id,
                        confirmed=True,
                        notes=(
                            *one.notes,
                            f"its key stands for {one.address}, its pod has {address}",
                        ),
                    )
        return None

    def _alone(self) -> Iterable[Allocation]:
        """Yield the reservations whose address is in no pool (whereabouts 409)."""
        for one in self._reservations:
            if one.used:
                continue
            home = self._home(one)
            if home is None:
                reason = "no IPPool contains its address, so its range is unknown"
                self.not_taken.append(NotTaken(source=one.source, reason=reason))
                continue
            pool, address = home
            yield Allocation(
                pool=pool,
                address=address,
                podref=one.podref,
                interface=one.interface,
                container_id=one.container_id,
                source=one.source,
                listed=False,
                confirmed=True,
                notes=("no IPPool lists it",),
            )

    def _home(self, one: _Reservation) -> tuple[SourcePool, str] | None:
        """Return the smallest pool that contains the address, for the first reading that has one."""
        for network, address in one.readings:
            holding = [
                pool
                for pool in self._pools
                if pool.pool.network == network and IPAddress(address) in IPNetwork(pool.pool.cidr)
            ]
            if holding:
                return max(holding, key=_closeness), address
        return None


def _closeness(pool: SourcePool) -> tuple[bool, int]:
    # An isolated pool needs no reservation.
    return not pool.pool.isolated, IPNetwork(pool.written).prefixlen
