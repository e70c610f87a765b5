"""The addresses of a range that the network configuration uses for routers or fixed addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaddr import IPAddress, IPNetwork

from rowhouse.domain.addresses import parse_address

if TYPE_CHECKING:
    from rowhouse.cni.netconf import Netconf, RangeEntry


def gateways_of(netconf: Netconf, entry: RangeEntry) -> tuple[IPAddress | None, ...]:
    """Return the gateways of a range: `gateway`, those of `addresses`, and the main plugin's own.

    A gateway outside all ranges counts for the first range: it is still a router of the network, and a larger
    range of another configuration may contain it. None stands for the first address after the network address
    of a pool by name, whose CIDR only the database knows. Strict mode has no gateways, as upstream.
    """
    if netconf.strict:
        return ()
    named = [parse_address(static.gateway) for static in netconf.static if static.gateway]
    known: list[IPAddress | None] = [hop for hop in (netconf.gateway, *named) if hop is not None]
    if entry.configured is None:
        return (*known, None) if netconf.takes_first and netconf.gateway is None else tuple(known)
    cidr = entry.configured.cidr
    if netconf.takes_first:
        has_hop = netconf.gateway is not None and netconf.gateway.version == cidr.version
        blocks = [IPNetwork(static.address).cidr for static in netconf.static if not static.gateway]
        known += [behind_network(block) for block in ([] if has_hop else [cidr]) + blocks]
    cidrs = [one.configured.cidr for one in netconf.ranges if one.configured is not None]
    is_first = cidr is cidrs[0]
    return tuple(
        dict.fromkeys(
            hop
            for hop in known
            if hop is not None
            and (hop in cidr or (is_first and not any(hop in other for other in cidrs)))
        )
    )


def withheld_by(netconf: Netconf, entry: RangeEntry) -> tuple[IPAddress, ...]:
    """Return the addresses that the range does not assign: its gateways, and the `addresses` of all its pods."""
    if netconf.strict:
        return ()
    gateways = (hop for hop in gateways_of(netconf, entry) if hop is not None)
    return (*gateways, *(IPNetwork(static.address).ip for static in netconf.static))


def behind_network(cidr: IPNetwork) -> IPAddress | None:
    """Return the address that `bridge` takes: the one after the network address; a block of one has none."""
    return IPAddress(cidr.first + 1, cidr.version) if cidr.size > 1 else None
