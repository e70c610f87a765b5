"""The names of whereabouts' objects, and what a name may have been made from.

Source: `IPPoolName`, `normalizeRange` and `NormalizeIP` of whereabouts v0.9.4. Making a name is exact;
reading one is ambiguous, because network names may contain dashes, and an IPv6 address is written with dashes.
"""

from __future__ import annotations

import re
from typing import Final

from rowhouse.domain.addresses import (
    AddressSyntaxError,
    MappedAddressError,
    format_address,
    format_cidr,
    parse_address,
    parse_cidr,
)
from rowhouse.domain.limits import MAX_NAME

_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def ip_pool_name(cidr: str, *, network: str = "", node: str = "") -> str:
    """Return the name of the IPPool of a CIDR (canonical text), or of a node's slice: `test-10.0.0.0-8`."""
    return "-".join(part for part in (network, node, _dashed(cidr)) if part)


def reservation_name(address: str, *, network: str = "") -> str:
    """Return the name of the OverlappingRangeIPReservation of an address (canonical text): `abcd--1`."""
    return "-".join(part for part in (network, _dashed(address)) if part)


def why_no_name(name: str) -> str | None:
    """Return why Kubernetes would refuse an object of this name (RFC 1123); None if it would not.

    It refuses the IPPool of `::/64`, and network names with capitals or an underscore.
    """
    if len(name) > MAX_NAME:
        return f"{name[:40]}… is longer than {MAX_NAME} characters"
    if not _SUBDOMAIN.fullmatch(name):
        return f"{name} is not an RFC 1123 subdomain: lower case letters, digits, '-' and '.', no '-' at an end"
    return None


def prefix_of_pool(name: str, spec_range: str) -> str | None:
    """Return what precedes the CIDR in the name of an IPPool: a network, a node, both, or nothing ("").

    None if the name does not end in the CIDR of its `spec.range`, masked or as it is written.
    Raises AddressSyntaxError, MappedAddressError for the range.
    """
    written = parse_cidr(spec_range)
    for cidr in (format_cidr(written.cidr), format_cidr(written), spec_range):
        suffix = _dashed(cidr)
        if name == suffix:
            return ""
        if name.endswith(f"-{suffix}"):
            return name.removesuffix(f"-{suffix}")
    return None


def readings_of_reservation(name: str) -> list[tuple[str, str]]:
    """Return every (network, address) that the name of a reservation may mean, as canonical text.

    There may be several for IPv6 with a network: `ab-abcd--1` is abcd::1 in the network "ab", or ab:abcd::1.
    """
    starts = [0, *(position + 1 for position, letter in enumerate(name) if letter == "-")]
    found = []
    for start in starts:
        network, text = name[: max(start - 1, 0)], name[start:]
        if start and not network:
            continue
        if "." in text and "-" in text:
            continue  # an IPv4 address has no dashes
        try:
            address = format_address(parse_address(text.replace("-", ":")))
        except (AddressSyntaxError, MappedAddressError):
            continue
        if reservation_name(address, network=network) == name:
            found.append((network, address))
    return found


def _dashed(text: str) -> str:
    # Only an address can end in a colon: the text of a CIDR ends in its length.
    text = f"{text}0" if text.endswith(":") else text
    return text.replace(":", "-").replace("/", "-")
