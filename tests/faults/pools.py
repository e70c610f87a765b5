"""The ranges that the clients ask for: small ones that are often full, ones that overlap, both families."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from rowhouse.domain.requests import RangeRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A group of ranges from each of which a pod gets an address; its name is also the pods' namespace.

    `room` is for how many pods there is room, `certain` whether no other caller draws from the ranges.
    """

    name: str
    cidrs: tuple[str, ...]
    certain: bool = True

    @property
    def room(self) -> int:
        """How many pods the smallest range holds: not the first and the last address."""
        return min(ip_network(cidr).num_addresses for cidr in self.cidrs) - 2

    def netconf(self) -> bytes:
        """The network configuration, as multus hands it over."""
        ranges = [{"range": cidr} for cidr in self.cidrs]
        ipam = {"type": "rowhouse", "ipRanges": ranges}
        return json.dumps({"cniVersion": "1.0.0", "name": self.name, "ipam": ipam}).encode()

    def requests(self) -> list[RangeRequest]:
        """The same for callers of the use cases, without a server."""
        networks = [ip_network(cidr) for cidr in self.cidrs]
        return [
            RangeRequest(cidr=str(network), segments=((str(network[1]), str(network[-2])),))
            for network in networks
        ]


HOT: Final = Pool(name="hot", cidrs=("10.1.0.0/27",))
POOLS: Final = (
    HOT,
    Pool(name="wide", cidrs=("10.2.0.0/25",)),
    Pool(name="inner", cidrs=("10.3.0.0/27",), certain=False),
    Pool(name="outer", cidrs=("10.3.0.0/26",), certain=False),
    Pool(name="dual", cidrs=("10.4.0.0/27", "fd00:4::/120")),
)


def rooms(pools: tuple[Pool, ...] = POOLS) -> dict[str, int]:
    """How many owners the pools can have of which that can be said."""
    return {pool.name: pool.room for pool in pools if pool.certain}
