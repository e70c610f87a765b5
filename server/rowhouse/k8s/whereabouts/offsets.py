"""The keys of an IPPool's allocations: the offset of an address from the first address of `spec.range`.

The base is the address as it is written there, even if it has host bits: in `10.10.10.0/16` the key 1 is
10.10.10.1. A key is a decimal number below 2**63: upstream writes larger ones for IPv6, but ignores them when
it reads (`toIPReservationList` of whereabouts v0.9.4), and so assigns such an address twice.
"""

from __future__ import annotations

import re
from typing import Final

from netaddr import IPAddress

from rowhouse.domain.addresses import format_address, format_cidr, parse_address, parse_cidr

LIMIT: Final = 1 << 63
"""The first offset that upstream cannot read back."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]+")


class BadKey(ValueError):
    """The key does not stand for an address of its range; the message says why."""


def key_of(spec_range: str, address: str) -> str | None:
    """Return the key of an address (canonical text) in a pool; None if upstream could not read it back.

    Raises AddressSyntaxError, MappedAddressError if the range or the address is invalid.
    """
    base, wanted = parse_cidr(spec_range).ip, parse_address(address)
    offset = int(wanted) - int(base)
    return str(offset) if base.version == wanted.version and 0 <= offset < LIMIT else None


def address_at(spec_range: str, key: str) -> str:
    """Return the address for which a key stands, as canonical text.

    Raises BadKey; AddressSyntaxError, MappedAddressError if the range is invalid.
    """
    written = parse_cidr(spec_range)
    if not _NUMBER.fullmatch(key):
        raise BadKey(f"key {key[:40]!r} is not a whole number")
    # Too long to be valid, and Python would refuse to parse it.
    offset = int(key) if len(key) <= len(str(1 << 128)) else 1 << 128
    if key.startswith("-") and offset:
        raise BadKey(f"key {key[:40]} is negative")
    if offset >= LIMIT:
        raise BadKey(f"key {key[:40]} is 2^63 or more: whereabouts itself does not read it back")
    number = int(written.ip) + offset
    if number > int(written[-1]):
        raise BadKey(f"key {key} is beyond the end of {format_cidr(written)}")
    return format_address(IPAddress(number, written.version))
