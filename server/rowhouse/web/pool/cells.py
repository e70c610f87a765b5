"""The cells of an address map: one per address or per block of addresses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from socket import inet_ntoa
from typing import TYPE_CHECKING, Final, NamedTuple

from rowhouse.store.inventory import address_map
from rowhouse.web.layout.formats import moment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

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

IN_USE: Final = "in-use"
TEAM_STATES: Final = {**STATES, IN_USE: "in use by others"}
"""The states that a team sees: an address of another namespace is only in use."""


class Cell(NamedTuple):
    """An address with its state, and its owner or the reason for its state. `is_open`: the user may open its page."""

    address: str
    state: str
    owner: str
    is_open: bool = True


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


def cells(
    database: Database, pool: Occupancy, area: Area, *, namespaces: Collection[str] | None = None
) -> list[Cell]:
    """A cell for each address of an area, in order. Four statements.

    With `namespaces`, only addresses of these have an owner and a page.
    """
    where = (pool.network_id, area.first, area.last)
    held = {row.offset: row for row in address_map.held(database, *where, namespaces=namespaces)}
    is_open = namespaces is None
    base = int(area.shown[0])
    size = area.shown.num_addresses
    kept = {}
    for run in address_map.quarantined(database, *where):
        until = f"until {moment(run.free_from)}"
        kept.update(dict.fromkeys(_offsets(run, base, size), ("quarantined", until)))
    for hop in address_map.gateways(database, *where, namespaces=namespaces):
        named = ", ".join(sorted(filter(None, hop.sources)))
        kept[int(ip_address(hop.address)) - base] = ("gateway", named and f"of {named}")
    for run in address_map.excluded(database, *where, namespaces=namespaces):
        for offset in _offsets(run, base, size):
            if not run.requests_only:
                kept[offset] = ("excluded", run.reason)
            elif offset not in kept:  # neither a gateway nor quarantined
                kept[offset] = ("on-request", run.reason)
    low, high = (int(ip_address(end)) - base for end in (pool.first, pool.last))
    made = []
    for offset, address in enumerate(_addresses(area)):
        if (row := held.get(offset)) is not None:
            state = _state(row)
            is_theirs = state == IN_USE
            made.append(Cell(address, state, "" if is_theirs else _owner(row), not is_theirs))
        elif (found := kept.get(offset)) is not None and (
            found[0] != "quarantined" or low <= offset <= high
        ):
            made.append(Cell(address, *found, is_open))
        else:
            state = "free" if low <= offset <= high else "outside"
            made.append(Cell(address, state, "", is_open))
    return made


def blocks(database: Database, pool: Occupancy, area: Area) -> list[Block]:
    """A cell for each block of an area, in order. One statement."""
    names = [str(block) for block in area.blocks]
    counted = address_map.by_block(database, pool.network_id, (pool.first, pool.last), names)
    return [Block(name, counts) for name, counts in zip(names, counted, strict=True)]


def _addresses(area: Area) -> Iterator[str]:
    if area.shown.version == 6:  # noqa: PLR2004 - IPv6
        return map(str, area.shown)
    # Ten times as fast as making an object for each.
    first, last = int(area.shown[0]), int(area.shown[-1])
    return (inet_ntoa(number.to_bytes(4)) for number in range(first, last + 1))


def _offsets(run: Record, base: int, size: int) -> range:
    """Return the visible part of a run, as offsets from the first address shown."""
    first, last = (int(ip_address(end)) - base for end in (run.first, run.last))
    return range(max(first, 0), min(last, size - 1) + 1)


def _state(row: Record) -> str:
    if row.owner_kind is None:
        return IN_USE
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
