"""whereabouts' objects as the database would have them: computed here, apart from the product's code."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cluster.programs import Object

Entry = tuple[str, str]
"""An address, and the pod as namespace/name."""


def in_pools(pools: Iterable[Object]) -> set[Entry]:
    """What IPPools say: keys count from the first address of their range."""
    found = set()
    for pool in pools:
        base = ipaddress.ip_interface(pool["spec"]["range"]).network.network_address
        for key, entry in (pool["spec"].get("allocations") or {}).items():
            found.add((str(base + int(key)), str(entry["podref"])))
    return found


def in_reservations(objects: Iterable[Object]) -> set[Entry]:
    """What OverlappingRangeIPReservations say: their name is the address, with - for the : of IPv6."""
    return {(address_of(one["metadata"]["name"]), str(one["spec"]["podref"])) for one in objects}


def address_of(name: str) -> str:
    """The address in a name such as `10.0.0.7`, `fd11--1` or, in a named network, `mynet-10.0.0.7`."""
    parts = name.split("-")
    for first in range(len(parts)):
        rest = "-".join(parts[first:])
        for candidate in (rest, rest.replace("-", ":")):
            try:
                return str(ipaddress.ip_address(candidate))
            except ValueError:
                continue
    raise ValueError(f"the name {name!r} holds no address")


def in_database(reservations: Iterable[Object], cluster: str) -> set[Entry]:
    """What `rowhouse address list -o json` says of the pods of a cluster."""
    return {
        (str(ipaddress.ip_address(one["address"])), f"{owner['namespace']}/{owner['name']}")
        for one in reservations
        if (owner := one["owner"])["kind"] == "pod" and owner["cluster"] == cluster
    }
