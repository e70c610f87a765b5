"""The network configurations of the second checker, and how long their addresses rest."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final

SHARED: Final = "shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nad:
    """A NetworkAttachmentDefinition. `delay` is for how many seconds a released address rests, at least.

    A `roomy` one has more addresses than the clients ever use.
    """

    name: str
    network: str
    cidrs: tuple[str, ...]
    gateway: str = ""
    first: str = ""
    last: str = ""
    is_sticky: bool = False
    ttl: float = 0.0
    slices: int = 0
    reuse: float = 0.0
    delay: float = 0.0
    pool: str = ""
    is_isolated: bool = False
    is_roomy: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The address spaces in which what it assigns is unique."""
        own = tuple(f"{self.network}|{cidr}" for cidr in self.cidrs)
        return own if self.is_isolated else (*own, f"{self.network}|{SHARED}")

    def netconf(self) -> dict[str, Any]:
        """As multus hands it over."""
        ipam: dict[str, Any] = {"type": "rowhouse", "network_name": self.network}
        if self.pool:
            ipam = {"type": "rowhouse", "pool": self.pool}
        elif len(self.cidrs) > 1:
            ipam["ipRanges"] = [{"range": cidr} for cidr in self.cidrs]
        else:
            ipam["range"] = self.cidrs[0]
        for key, value in (
            ("gateway", self.gateway),
            ("range_start", self.first),
            ("range_end", self.last),
            ("sticky", self.is_sticky),
            ("sticky_ttl", self.ttl),
            ("node_slice_size", f"/{self.slices}" if self.slices else ""),
            ("reuse_delay", self.reuse),
        ):
            if value:
                ipam[key] = value
        if self.is_isolated:
            ipam["enable_overlapping_ranges"] = False
        return {"cniVersion": "1.0.0", "name": self.name, "ipam": ipam}

    def may_give(self, address: str) -> bool:
        """Whether the address lies in what the configuration spells."""
        one = ip_address(address)
        low = int(ip_address(self.first)) if self.first else 0
        high = int(ip_address(self.last)) if self.last else 1 << 128
        blocks = [block for block in map(ip_network, self.cidrs) if block.version == one.version]
        ends = [(int(block[0]), int(block[-1])) for block in blocks]
        return low <= int(one) <= high and any(first < int(one) < last for first, last in ends)


PLAIN: Final = Nad(
    name="plain", network="plain", cidrs=("10.10.0.0/24",), gateway="10.10.0.1", is_roomy=True
)
TIGHT: Final = Nad(name="tight", network="tight", cidrs=("10.11.0.0/27",))
HOP: Final = Nad(name="tight-hop", network="tight", cidrs=("10.11.0.0/27",), gateway="10.11.0.9")
INNER: Final = Nad(
    name="tight-inner",
    network="tight",
    cidrs=("10.11.0.0/28",),
    first="10.11.0.2",
    last="10.11.0.13",
)
STICKY: Final = Nad(name="sticky", network="sticky", cidrs=("10.12.0.0/24",), is_sticky=True)
LEASED: Final = Nad(
    name="leased", network="sticky", cidrs=("10.12.0.0/24",), is_sticky=True, ttl=2.0
)
BESIDE: Final = Nad(name="beside", network="sticky", cidrs=("10.12.0.0/24",))
SLICED: Final = Nad(name="sliced", network="sliced", cidrs=("10.13.0.0/24",), slices=28)
DUAL: Final = Nad(name="dual", network="dual", cidrs=("10.14.0.0/26", "fd00:14::/120"))
RESTING: Final = Nad(name="rest", network="rest", cidrs=("10.15.0.0/26",), delay=1.0)
NAD_RESTING: Final = Nad(
    name="nadrest", network="nadrest", cidrs=("10.16.0.0/26",), reuse=1.0, delay=1.0
)
NAMED: Final = Nad(name="named", network="named", cidrs=("10.17.0.0/27",), pool="named")
REMADE: Final = Nad(name="remade", network="remade", cidrs=("10.18.0.0/29",))
BEFORE: Final = Nad(name="before", network="grown", cidrs=("10.19.0.0/28",))
GROWN: Final = Nad(name="grown", network="grown", cidrs=("10.19.0.0/27",))
FIXED: Final = (
    PLAIN, TIGHT, HOP, INNER, STICKY, LEASED, BESIDE, SLICED, DUAL, RESTING, NAD_RESTING, NAMED, REMADE, BEFORE, GROWN,
)  # fmt: skip
SMALL: Final = "10.40.0.0/28"
LARGE: Final = "10.40.0.0/27"


def mixed(epoch: int) -> tuple[Nad, ...]:
    """Three configurations that overlap; one is isolated until another one spells its range."""
    network = f"mix{epoch}"
    return (
        Nad(name=f"alone{epoch}", network=network, cidrs=(SMALL,), is_isolated=True),
        Nad(name=f"small{epoch}", network=network, cidrs=(SMALL,)),
        Nad(name=f"large{epoch}", network=network, cidrs=(LARGE,)),
    )


POOLS: Final[tuple[dict[str, Any], ...]] = (
    {"network": "rest", "cidr": "10.15.0.0/26", "reuse_delay": 1.0},
    {
        "network": "named", "cidr": "10.17.0.0/27", "name": "named", "gateway": "10.17.0.5",
        "window_first": "10.17.0.2", "window_last": "10.17.0.25",
    },
)  # fmt: skip
