"""The cells of an address map: one per address or per block of addresses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from rowhouse.store.inventory import address_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record
    from rowhouse.store.inventory.address_map import BlockCounts
    from rowhouse.store.inventory.occupancy import Occupancy
    from rowhouse.web.pool.area import Area

STATES: Final = {
    "free": "free",
    "pod": "pod",
    "sticky": "sticky",
    "reserved": "reserved by hand",
    "quarantined": "quarantined",
    "excluded": "excluded",
    "on-request": "on request only",
    "gateway": "gateway",
    "outside": "never assigned",
}
"""The states of an address and their labels in the legend."""


class Cell(NamedTuple):
    """An address with its state, and its owner or the reason for its state."""

    address: str
    state: str
    owner: str


@dataclass(frozen=True, slots=True)
class Block:
    """A block of addresses, and its counts."""

    cidr: str
    counts: BlockCounts

    @property
    def shade(self) -> int:
        """How full the block is, from 0 (empty) to 5 (nothing free)."""
        counts = self.counts
        if counts.free == 0:
            return 5
        taken = counts.total - counts.free
        return 0 if taken == 0 else 1 + min(4 * taken // counts.total, 3)

    @property
    def text(self) -> str:
        """The contents of the block, in words."""
        counts = self.counts
        named = (
            (counts.used, "used"),
            (counts.outside, "used but not assignable"),
            (counts.sticky, "of these sticky"),
            (counts.by_hand, "by hand"),
            (counts.quarantined, "quarantined"),
            (counts.excluded, "excluded"),
        )
        return ", ".join(f"{count} {name}" for count, name in named if count) or "nothing in use"


def cells(database: Database, pool: Occupancy, area: Area) -> list[Cell]:
    """A cell for each address of an area, in order. Four statements."""
    where = (pool.network_id, area.first, area.last)
    held = {row.offset: row for row in address_map.held(database, *where)}
    base = int(area.shown[0])
    size = area.shown.num_addresses
    kept = {}
    for run in address_map.quarantined(database, *where):
        until = f"until {run.free_from:%Y-%m-%d %H:%M}"
        kept.update(dict.fromkeys(_offsets(run, base, size), ("quarantined", until)))
    for hop in address_map.gateways(database, *where):
        named = ", ".join(sorted(filter(None, hop.sources)))
        kept[int(ip_address(hop.address)) - base] = ("gateway", named and f"of {named}")
    for run in address_map.excluded(database, *where):
        for offset in _offsets(run, base, size):
            if not run.requests_only:
                kept[offset] = ("excluded", run.reason)
            elif offset not in kept:  # neither a gateway nor quarantined
                kept[offset] = ("on-request", run.reason)
    low, high = (int(ip_address(end)) - base for end in (pool.first, pool.last))
    made = []
    for offset, address in enumerate(_addresses(area)):
        if (row := held.get(offset)) is not None:
            made.append(Cell(address, _state(row), _owner(row)))
        elif (found := kept.get(offset)) is not None and (
            found[0] != "quarantined" or low <= offset <= high
        ):
            made.append(Cell(address, *found))
        else:
            made.append(Cell(address, "free" if low <= offset <= high else "outside", ""))
    return made


def blocks(database: Database, pool: Occupancy, area: Area) -> list[Block]:
    """A cell for each block of an area, in order. One statement."""
    names = [str(block) for block in area.blocks]
    counted = address_map.by_block(database, pool.network_id, (pool.first, pool.last), names)
    return [Block(name, counts) for name, counts in zip(names, counted, strict=True)]


def _addresses(area: Area) -> Iterator[str]:
    return map(str, area.shown)


def _offsets(run: Record, base: int, size: int) -> range:
    """Return the visible part of a run, as offsets from the first address shown."""
    first, last = (int(ip_address(end)) - base for end in (run.first, run.last))
    return range(max(first, 0), min(last, size - 1) + 1)


def _state(row: Record) -> str:
    if row.owner_kind == "static":
        return "reserved"
    return "sticky" if row.sticky else "pod"


def _owner(row: Record) -> str:
    name = f"{row.owner_namespace}/{row.owner_name}" if row.owner_namespace else row.owner_name
    if row.owner_kind not in {"pod", "static"}:
        name = f"{row.owner_kind.replace('_', ' ')} {name}"
    details = [name]
    if row.node:
        details.append(f"on {row.node}")
    elif row.owner_kind != "static":
        details.append("no sandbox")
    if row.description:
        details.append(row.description)
    return ", ".join(details)
