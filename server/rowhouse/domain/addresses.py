"""Addresses as text: parsed like whereabouts does, and formatted like Go.

Existing configurations were written for Go's parsers, so their rules apply: `net.ParseIP` and
`net.ParseCIDR` (no leading zeros, no IPv6 zone, a prefix length in digits), and for some keys the
"sloppy" parsers of k8s.io/utils/net, which read leading zeros as decimal (`010.0.0.1` is 10.0.0.1).
"""

from __future__ import annotations

import ipaddress
import re

from netaddr import AddrFormatError, IPAddress, IPNetwork

IPV4, IPV6 = 4, 6

MAX_ADDRESS = 200
"""The maximum length of an address; it bounds the caches of `ranges`."""

_LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F])0+(?=[0-9a-fA-F])")
_DIGITS = re.compile(r"[0-9]{1,8}")
_MAPPED = 0xFFFF


class AddressSyntaxError(ValueError):
    """The text is not an IP address or not a CIDR."""


class MappedAddressError(ValueError):
    """An IPv4 address was written in its IPv4-mapped IPv6 form (`::ffff:10.0.0.1`).

    Go treats it as the IPv4 address, PostgreSQL as a different one. It is refused, so that no address
    has two forms.
    """


def parse_address(text: str, *, sloppy: bool = False) -> IPAddress:
    """Read an address without prefix length, as Go's `net.ParseIP` does.

    `sloppy` reads leading zeros as decimal, as `ParseIPSloppy` does.
    Raises AddressSyntaxError or MappedAddressError.
    """
    if len(text) > MAX_ADDRESS:
        raise AddressSyntaxError(f"invalid IP address: {text[:MAX_ADDRESS]}…")
    if "/" in text or "%" in text:
        raise AddressSyntaxError(f"invalid IP address: {text}")
    try:
        address = IPAddress(_LEADING_ZEROS.sub("", text) if sloppy else text)
    except (AddrFormatError, ValueError, TypeError):
        raise AddressSyntaxError(f"invalid IP address: {text}") from None
    if address.version == IPV6 and int(address) >> 32 == _MAPPED:
        raise MappedAddressError(f"IPv4-mapped IPv6 address {text}: write it as {address.ipv4()}")
    return address


def parse_cidr(text: str, *, sloppy: bool = False) -> IPNetwork:
    """Read `address/length`, as Go's `net.ParseCIDR` does.

    `.ip` of the result keeps the host bits, `.cidr` masks them.
    Raises AddressSyntaxError or MappedAddressError.
    """
    head, slash, length = text.partition("/")
    try:
        address = parse_address(head, sloppy=sloppy)
    except AddressSyntaxError:
        raise AddressSyntaxError(f"invalid CIDR address: {text[:MAX_ADDRESS]}") from None
    bits = 32 if address.version == IPV4 else 128
    if not slash or not _DIGITS.fullmatch(length) or int(length) > bits:
        raise AddressSyntaxError(f"invalid CIDR address: {text[:MAX_ADDRESS]}")
    return IPNetwork((int(address), int(length)), version=address.version)


def format_address(address: IPAddress) -> str:
    """Write an address as Go and RFC 5952 do; the C library would print `::1:2` as `::0.1.0.2`."""
    text = str(address)
    return (
        str(ipaddress.IPv6Address(int(address)))
        if address.version == IPV6 and "." in text
        else text
    )


def format_cidr(network: IPNetwork) -> str:
    """Write `address/length`, host bits included."""
    return f"{format_address(network.ip)}/{network.prefixlen}"
