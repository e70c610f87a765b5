"""Convert a configuration to requests for the allocator, and its answers to the addresses of the result."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from netaddr import IPAddress, IPNetwork

from rowhouse.cni.gateways import gateways_of, withheld_by
from rowhouse.cni.requested import RequestedAddress, gateway_argument, static_argument
from rowhouse.cni.results import InterfaceAddress
from rowhouse.domain.addresses import IPV4, IPV6, format_address, format_cidr, parse_address
from rowhouse.domain.errors import AddressOutsideRanges, InvalidConfig
from rowhouse.domain.ranges import UsableRange, usable_range
from rowhouse.domain.requests import Assigned, RangeRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.cni.arguments import Arguments
    from rowhouse.cni.netconf import Netconf, RangeEntry

_ONE_PER_FAMILY = {"", "0.1.0", "0.2.0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of an ADD: `requests` for the allocator, then the untracked `static` addresses.

    `gateways` has one entry per request: the gateway for its address; None: the pool's own.
    """

    requests: tuple[RangeRequest, ...]
    gateways: tuple[IPAddress | None, ...]
    static: tuple[InterfaceAddress, ...]


@dataclass(slots=True)
class _Place:
    """A range of the configuration while requested addresses are matched to ranges."""

    entry: RangeEntry
    usable: UsableRange | None
    wanted: RequestedAddress | None = None


def plan_addresses(
    netconf: Netconf,
    arguments: Arguments,
    wanted: Sequence[RequestedAddress] = (),
    *,
    raw_version: str = "",
) -> Plan:
    """Plan the requests for the allocator. `raw_version` is the `cniVersion` as written.

    Raises InvalidConfig, InvalidEnvironment, AddressOutsideRanges or PoolExhausted.
    """
    gateways = tuple(gateway_argument(text) for text in arguments.gateways)
    if (
        netconf.strict
    ):  # upstream adds every IP of CNI_ARGS unchanged, and checks the ranges afterwards
        added = [static_argument(text) for text in arguments.addresses]
        static = static_addresses(netconf, added, gateways, raw_version)
        places = _places(netconf)
    else:
        places = _places(netconf)
        static = static_addresses(netconf, _put_on_ranges(wanted, places), gateways, raw_version)
        if not places and not static:
            raise InvalidConfig(
                "no range given: the ipam object has neither range, ipRanges, pool nor addresses",
                hint='add "range": "10.0.0.0/24" to the ipam object',
            )
    return Plan(
        requests=_requests(netconf, places),
        gateways=tuple(_gateway(netconf, place, gateways) for place in places),
        static=static,
    )


def static_addresses(
    netconf: Netconf, added: Sequence[IPNetwork], gateways: Sequence[IPAddress], raw_version: str
) -> tuple[InterfaceAddress, ...]:
    """Return the untracked addresses: those of the configuration, then those of CNI_ARGS.

    A GATEWAY in CNI_ARGS applies to each address whose subnet contains it; the last one wins.
    Raises InvalidConfig.
    """
    static = list(netconf.static)
    static += [InterfaceAddress(address=format_cidr(cidr), version=cidr.version) for cidr in added]
    for gateway in gateways:
        static = [
            replace(address, gateway=format_address(gateway))
            if gateway in IPNetwork(address.address)
            else address
            for address in static
        ]
    if raw_version in _ONE_PER_FAMILY and any(
        count > 1 for count in Counter(address.version for address in static).values()
    ):
        raise InvalidConfig(
            f"CNI version {raw_version} does not support more than 1 address per family"
        )
    return tuple(static)


def result_addresses(
    netconf: Netconf, plan: Plan, assigned: Sequence[Assigned]
) -> list[InterfaceAddress]:
    """Return the addresses of the result: those of the ranges in order, then the static ones.

    A gateway is set only on addresses of its own family; in strict mode, on every range's address.
    """
    addresses: list[InterfaceAddress] = []
    for given, chosen in zip(assigned, plan.gateways, strict=True):
        # The database formats IPv4 like this module, but possibly not IPv6.
        is_ipv4 = ":" not in given.address
        version = IPV4 if is_ipv4 else IPV6
        address = given.address if is_ipv4 else format_address(parse_address(given.address))
        own = parse_address(given.pool_gateway) if given.pool_gateway else None
        hops = [hop for hop in (chosen, own) if hop is not None]
        gateway = next((hop for hop in hops if netconf.strict or hop.version == version), None)
        addresses.append(
            InterfaceAddress(
                address=f"{address}/{given.prefix_length}",
                version=version,
                gateway=format_address(gateway) if gateway is not None else None,
            )
        )
    return [*addresses, *plan.static]


def _places(netconf: Netconf) -> list[_Place]:
    return [
        _Place(
            entry=entry,
            usable=None
            if entry.configured is None
            else usable_range(
                entry.configured,
                exclude=entry.exclude,
                withheld=withheld_by(netconf, entry),
                use_all=netconf.use_all,
            ),
        )
        for entry in netconf.ranges
    ]


def _put_on_ranges(wanted: Sequence[RequestedAddress], places: Sequence[_Place]) -> list[IPNetwork]:
    """Match each requested address to the first unused range that can assign it; return the static ones.

    The window of a pool by name is in the database. So a requested address outside all ranges of the
    configuration goes to the next such pool, and the allocator checks it.
    """
    static: list[IPNetwork] = []
    for request in wanted:
        covering = [
            place
            for place in places
            if place.usable is not None and place.usable.covers(request.address)
        ]
        offering = [
            place
            for place in covering
            if place.usable is not None and place.usable.offers(request.address)
        ]
        free = [place for place in offering if place.wanted is None]
        if not covering:
            free = [place for place in places if place.usable is None and place.wanted is None]
        if free:
            free[0].wanted = request
        elif not covering and request.by_arguments and request.cidr is not None:
            static.append(request.cidr)
        else:
            raise _outside(request, covering, offering)
    return static


def _outside(
    request: RequestedAddress, covering: list[_Place], offering: list[_Place]
) -> AddressOutsideRanges:
    named = f"requested address {format_address(request.address)} ({request.source})"
    cidrs = ", ".join(place.usable.cidr for place in covering if place.usable is not None)
    if offering:
        return AddressOutsideRanges(
            f"{named}: more addresses are requested than there are ranges ({cidrs})",
            hint="each range assigns one address",
        )
    if covering:
        return AddressOutsideRanges(
            f"{named} cannot be assigned by {cidrs}: "
            "it is outside the window, excluded, listed in addresses, or the gateway",
            hint="check range_start, range_end, exclude, gateway and addresses in the configuration",
        )
    return AddressOutsideRanges(
        f"{named} is outside every range", hint="request an address inside one of the ranges"
    )


def _requests(netconf: Netconf, places: Sequence[_Place]) -> tuple[RangeRequest, ...]:
    seen: Counter[str] = Counter()
    requests: list[RangeRequest] = []
    for place in places:
        usable, pool = place.usable, place.entry.pool
        identity = usable.cidr if usable is not None else f"pool {pool}"
        requests.append(
            RangeRequest(
                network=netconf.address_space,
                cidr=usable.cidr if usable is not None else "",
                segments=usable.segments if usable is not None else (),
                pool=pool,
                isolated=not netconf.overlapping,
                requested=format_address(place.wanted.address)
                if place.wanted is not None
                else None,
                slot=0 if netconf.strict else seen[identity],
                node_slice_size=_slice(netconf, usable, first=not requests),
                gateways=tuple(
                    None if gateway is None else format_address(gateway)
                    for gateway in gateways_of(netconf, place.entry)
                ),
            )
        )
        seen[identity] += 1
    return tuple(requests)


def _slice(netconf: Netconf, usable: UsableRange | None, *, first: bool) -> int | None:
    """Return the slice size if it fits the range; the first range must fit it."""
    size = netconf.node_slice_size
    if size is None or usable is None:
        return size
    bits = 32 if usable.version == IPV4 else 128
    if size == bits and not netconf.use_all:
        raise InvalidConfig(
            f"ipam.node_slice_size /{size} is too small: a slice of {usable.cidr} may contain no usable address",
            hint=f"choose a length from /{usable.prefix_length} to /{bits - 2}",
        )
    if usable.prefix_length <= size <= bits:
        return size
    if first:
        raise InvalidConfig(
            f"ipam.node_slice_size /{size} does not fit the range {usable.cidr}",
            hint=f"choose a length from /{usable.prefix_length} to /{bits}",
        )
    return None


def _gateway(netconf: Netconf, place: _Place, gateways: Sequence[IPAddress]) -> IPAddress | None:
    """Return GATEWAY of CNI_ARGS for an address that CNI_ARGS requests, else `gateway`."""
    if place.wanted is not None and place.wanted.by_arguments and place.usable is not None:
        fitting = [gateway for gateway in gateways if place.usable.covers(gateway)]
        if fitting:
            return fitting[-1]
    return netconf.gateway
