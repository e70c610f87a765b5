"""Range arithmetic: from the text of a configured range to the segments that may be assigned.

Everything here is pure and computed with intervals, never address by address: a range or an exclude
of 2**127 addresses costs the same as one of four. Results are cached by the texts they come from,
since the pods of one network send the same range again and again.

The rules are those of whereabouts v0.9.4 (`pkg/config`, `pkg/iphelpers`, `pkg/allocate`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from netaddr import IPAddress, IPNetwork

from rowhouse.domain.addresses import (
    MAX_ADDRESS,
    AddressSyntaxError,
    MappedAddressError,
    format_address,
    format_cidr,
    parse_address,
    parse_cidr,
)
from rowhouse.domain.errors import InvalidConfig, PoolExhausted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rowhouse.domain.requests import Segment

Span = tuple[int, int]
"""An inclusive pair of addresses as integers."""

SMALLEST_SPAN = 3
"""Last less first address of the smallest subnet with hosts: network, two hosts, broadcast."""

Version = Literal[4, 6]

_WRITE_IT_SO = "write the range as 10.0.0.0/24 or 10.0.0.10-10.0.0.20/24"

CACHED_RANGES = 1024
CACHED_EXCLUDES = 64
"""Ranges with more excludes than this are not cached, so that the cache stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredRange:
    """A range as configured: `cidr`, host bits masked off, and the requested first and last address."""

    cidr: IPNetwork
    start: IPAddress | None
    end: IPAddress | None

    @property
    def cidr_text(self) -> str:
        """The CIDR as canonical text."""
        return format_cidr(self.cidr)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableRange:
    """What a range may assign: `segments` (text) and `spans` (integers) are the same pairs."""

    cidr: str
    version: Version
    prefix_length: int
    network: Span
    segments: tuple[Segment, ...]
    spans: tuple[Span, ...]

    def covers(self, address: IPAddress) -> bool:
        """Whether the address lies in the CIDR, usable or not."""
        return bool(
            address.version == self.version and self.network[0] <= int(address) <= self.network[1]
        )

    def offers(self, address: IPAddress) -> bool:
        """Whether the address may be assigned."""
        return bool(
            address.version == self.version
            and any(first <= int(address) <= last for first, last in self.spans)
        )


def configured_range(text: str, start: str = "", end: str = "") -> ConfiguredRange:
    """Read a `range`: a CIDR, or `first-last/length`, which wins over `start` and `end`.

    If `start` or `end` is not an address, it is ignored silently, as upstream (case A36).
    Raises InvalidConfig.
    """
    known = (value if len(value) <= MAX_ADDRESS else "" for value in (start, end))
    return _configured_range(text, *known)


@lru_cache(maxsize=CACHED_RANGES)
def _configured_range(text: str, start: str, end: str) -> ConfiguredRange:
    try:
        head, dash, tail = text.partition("-")
        if not dash:
            return ConfiguredRange(cidr=_network(text), start=_wish(start), end=_wish(end))
        return _dashed(head, tail)
    except MappedAddressError as error:
        raise InvalidConfig(f"invalid range {text}: {error}") from None


def _network(text: str) -> IPNetwork:
    try:
        return _masked(parse_cidr(text, sloppy=True), text)
    except AddressSyntaxError as error:
        raise InvalidConfig(
            f"invalid CIDR {text}: {error}",
            hint=_WRITE_IT_SO,
        ) from None


def _masked(written: IPNetwork, text: str) -> IPNetwork:
    """The network without its host bits. Of 10.0.0.0/0 nothing would be left: every address there is.

    Upstream accepts that and assigns 0.0.0.1/0. A configuration can still use 0.0.0.0/0 or ::/0.
    """
    if written.prefixlen == 0 and int(written.ip) != 0:
        raise InvalidConfig(
            f"invalid range {text}: a prefix length of 0 is every address there is",
            hint="write the prefix length that the subnet has, such as 10.0.0.0/8",
        )
    return written.cidr


def _dashed(head: str, tail: str) -> ConfiguredRange:
    try:
        first = parse_address(head, sloppy=True)
    except AddressSyntaxError:
        raise InvalidConfig(f"invalid range start IP: {head}", hint=_WRITE_IT_SO) from None
    try:
        last = parse_cidr(tail, sloppy=True)
    except AddressSyntaxError as error:
        raise InvalidConfig(
            "invalid CIDR (do you have the 'range' parameter set for Whereabouts?) "
            f"'{tail}': {error}",
            hint=_WRITE_IT_SO,
        ) from None
    network = _masked(last, f"{head}-{tail}")
    if first not in network:
        raise InvalidConfig(
            f"invalid range start for CIDR {format_cidr(network)}: {format_address(first)}",
            hint="the first and the last address are of the subnet that the prefix length gives",
        )
    return ConfiguredRange(cidr=network, start=first, end=last.ip)


def _wish(text: str) -> IPAddress | None:
    try:
        return parse_address(text, sloppy=True) if text else None
    except AddressSyntaxError:
        return None


def usable_range(
    configured: ConfiguredRange,
    *,
    exclude: Sequence[str] = (),
    withheld: Sequence[IPAddress] = (),
    use_all: bool = False,
) -> UsableRange:
    """Cut the range down to what may be assigned: the window less the excludes and what is `withheld`.

    The window runs from the first to the last usable address, narrowed by `start` and `end` where
    they lie in it. `use_all` makes the network and the broadcast address usable (RFC 3021).
    Raises InvalidConfig (unreadable exclude, no usable address in the CIDR) and PoolExhausted
    (everything is excluded).
    """
    compute = _usable_range if len(exclude) <= CACHED_EXCLUDES else _usable_range.__wrapped__
    return compute(configured, tuple(exclude), tuple(withheld), use_all)


@lru_cache(maxsize=CACHED_RANGES)
def _usable_range(
    configured: ConfiguredRange,
    exclude: tuple[str, ...],
    withheld: tuple[IPAddress, ...],
    use_all: bool,  # noqa: FBT001 - a cache keys by position
) -> UsableRange:
    network, version = configured.cidr, configured.cidr.version
    first, last = window(configured, use_all=use_all)
    holes = [hole for text in exclude if (hole := _excluded(text, version)) is not None]
    holes += [(int(one), int(one)) for one in withheld if one.version == version]
    spans = without((first, last), holes)
    if not spans:
        shown = " ".join(exclude[:CACHED_EXCLUDES])
        raise _could_not_allocate(_segment((first, last), version), configured.cidr_text, shown)
    return UsableRange(
        cidr=configured.cidr_text,
        version=version,
        prefix_length=network.prefixlen,
        network=(network.first, network.last),
        segments=tuple(_segment(span, version) for span in spans),
        spans=tuple(spans),
    )


def window(configured: ConfiguredRange, *, use_all: bool = False) -> Span:
    """The first and the last address that could be assigned, before excludes.

    Raises InvalidConfig.
    """
    network = configured.cidr
    first, last = network.first, network.last
    if not use_all:
        if last - first < SMALLEST_SPAN:
            raise InvalidConfig(
                f"net mask is too short, subnet {configured.cidr_text} has no usable IP addresses, "
                "it is too small",
                hint='set "use_all": true to assign every address of the subnet (RFC 3021)',
            )
        first, last = first + 1, last - 1
    start, end = configured.start, configured.end
    if start is not None and start.version == network.version and first <= int(start) <= last:
        first = int(start)
    if end is not None and end.version == network.version and first <= int(end) <= last:
        last = int(end)
    return first, last


def _excluded(text: str, version: Version) -> Span | None:
    """The span of an `exclude` entry, CIDR or bare address; None for one of the other family."""
    try:
        hole = parse_cidr(text) if "/" in text else IPNetwork(parse_address(text))
    except AddressSyntaxError:
        raise InvalidConfig(
            f'could not parse exclude range, err: "invalid CIDR address: {text}"',
            hint="an exclude must be a CIDR or one address; write first-last as a list of CIDRs",
        ) from None
    except MappedAddressError as error:
        raise InvalidConfig(f"could not parse exclude range {text}: {error}") from None
    return (hole.first, hole.last) if hole.version == version else None


def without(span: Span, holes: Iterable[Span]) -> list[Span]:
    """The parts of `span` that no hole covers, in ascending order; holes come in any order."""
    first, last = span
    parts: list[Span] = []
    for low, high in sorted(holes):
        if high < first:
            continue
        if low > last:
            break
        if low > first:
            parts.append((first, low - 1))
        first = high + 1
    if first <= last:
        parts.append((first, last))
    return parts


def _segment(span: Span, version: Version) -> Segment:
    return format_address(IPAddress(span[0], version)), format_address(IPAddress(span[1], version))


def _could_not_allocate(whole: Segment, cidr: str, excludes: str) -> PoolExhausted:
    return PoolExhausted(
        "error at storage engine: Could not allocate IP in range: "
        f"ip: {whole[0]} / - {whole[1]} / range: {cidr} / excludeRanges: [{excludes}]",
        hint="widen the range or its window, remove an exclude, or release unused addresses",
    )
