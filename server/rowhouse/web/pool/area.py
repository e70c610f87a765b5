"""The part of a pool that the address map shows, either per address or in blocks."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final, TypeAlias

from rowhouse.store.inventory import address_map

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database

Network: TypeAlias = IPv4Network | IPv6Network

MOST_CELLS: Final = 4096
"""The most addresses that are shown one by one: a /20."""

BLOCK_BITS: Final = 8
"""A larger area is shown as 256 blocks."""

_IPV4: Final = 4
_DIGIT_BITS: Final = 4
_FEW_BITS: Final = 8
"""An automatic area has at least 256 addresses."""


@dataclass(frozen=True, slots=True)
class Area:
    """All or part of a pool's CIDR."""

    pool: Network
    shown: Network

    @property
    def in_blocks(self) -> bool:
        """Whether the area is too large for one cell per address."""
        return self.shown.num_addresses > MOST_CELLS

    @property
    def block_length(self) -> int:
        """The prefix length of a block."""
        return self.shown.prefixlen + BLOCK_BITS

    @property
    def blocks(self) -> list[Network]:
        """The blocks, in order."""
        return [*self.shown.subnets(new_prefix=self.block_length)]

    @property
    def first(self) -> str:
        """The first address shown."""
        return str(self.shown[0])

    @property
    def last(self) -> str:
        """The last address shown."""
        return str(self.shown[-1])

    def label(self, address: str) -> str:
        """The label of a row of cells that begins with this address or block: of IPv6, the group that differs."""
        bare = address.partition("/")[0]
        if self.shown.version == _IPV4:
            return bare
        length = self.block_length if self.in_blocks else self.shown.max_prefixlen
        below = self.shown.max_prefixlen - 16 * -(-length // 16)
        return f"…:{int(ip_address(bare)) >> below & 0xFFFF:x}{'::' if below else ''}"

    @property
    def larger(self) -> list[Network]:
        """The areas that contain this one, the whole pool first."""
        found = []
        area = self.shown
        while area.prefixlen > self.pool.prefixlen:
            length = _on_a_digit(area.prefixlen - BLOCK_BITS, area.version)
            area = area.supernet(new_prefix=max(length, self.pool.prefixlen))
            found.append(area)
        return found[::-1]


def area_of(database: Database, network_id: int, cidr: str, within: str | None) -> Area | None:
    """Return the requested area (`within`, a CIDR), or by default the occupied part of the pool.

    None: the requested area is not part of the pool.
    """
    pool = ip_network(cidr)
    if within is not None:
        try:
            shown = ip_network(within)
        except ValueError:
            return None
        inside = shown.version == pool.version and shown.subnet_of(pool)  # type: ignore[arg-type]  # of one version
        return Area(pool, shown) if inside else None
    if pool.version == _IPV4 or pool.num_addresses <= MOST_CELLS:
        return Area(pool, pool)
    return Area(pool, _occupied(database, network_id, pool))


def _occupied(database: Database, network_id: int, pool: Network) -> Network:
    """Return the smallest part of a huge pool that contains all addresses in use."""
    found = address_map.bounds(database, network_id, str(pool[0]), str(pool[-1]))
    low = ip_address(found[0] if found else str(pool[0]))
    high = ip_address(found[1] if found else str(pool[0]))
    bits = max((int(low) ^ int(high)).bit_length(), _FEW_BITS)
    length = max(_on_a_digit(pool.max_prefixlen - bits, pool.version), pool.prefixlen)
    bits = pool.max_prefixlen - length
    return ip_network((int(low) >> bits << bits, length)) if length > pool.prefixlen else pool


def _on_a_digit(length: int, version: int) -> int:
    """Return the prefix length, of IPv6 rounded down to a whole digit, so that an area is what one can read."""
    return length if version == _IPV4 else length - length % _DIGIT_BITS
