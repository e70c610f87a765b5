"""Addresses are read and written as Go does it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress

from rowhouse.domain.addresses import (
    AddressSyntaxError,
    MappedAddressError,
    format_address,
    format_cidr,
    parse_address,
    parse_cidr,
)

NO_ADDRESS = [
    "",
    "1.2.3",
    "1.2.3.4 ",
    " 1.2.3.4",
    "01.2.3.4",
    "1.2.3.256",
    "1.2.3.4.5",
    "0x1.2.3.4",
    "16909060",
    "\uff11.2.3.4",
    "1.2.3.4/24",
    "fe80::1%eth0",
    "::00001",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    "1::2:3:4:5:6:7:8",
    "g::1",
    "10.0.0.1\n",
    "10.0.0.1\0",
    "9" * 10_000,
]

NO_CIDR = [
    *NO_ADDRESS[:-1],
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/+8",
    "10.0.0.0/ 8",
    "10.0.0.0/8 ",
    "10.0.0.0/255.0.0.0",
    "10.0.0.0/8/8",
    "10/8",
    "2001:db8::/129",
    "10.0.0.0/" + "9" * 5000,
]


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_go_does_not_parse_is_no_address(text: str) -> None:
    with pytest.raises(AddressSyntaxError):
        parse_address(text)


@pytest.mark.parametrize("text", [text for text in NO_CIDR if text != "1.2.3.4/24"])
def test_what_go_does_not_parse_is_no_cidr(text: str) -> None:
    with pytest.raises(AddressSyntaxError):
        parse_cidr(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("010.0.0.5", "10.0.0.5"),
        ("00192.00168.1.0", "192.168.1.0"),
        ("0.00.000.0", "0.0.0.0"),
        ("2001:00db8:5422:0005::", "2001:db8:5422:5::"),
        ("::0", "::"),
        ("::00a0", "::a0"),
    ],
)
def test_the_sloppy_parser_reads_leading_zeros_as_decimal(text: str, address: str) -> None:
    assert format_address(parse_address(text, sloppy=True)) == address


@pytest.mark.parametrize("text", ["::ffff:10.0.0.1", "::FFFF:a00:1", "0:0:0:0:0:ffff:10.0.0.1"])
def test_ipv4_mapped_forms_are_refused_and_the_message_says_what_to_write(text: str) -> None:
    with pytest.raises(MappedAddressError, match=r"write it as 10\.0\.0\.1"):
        parse_address(text)
    with pytest.raises(MappedAddressError):
        parse_cidr(f"{text}/120")


def test_a_cidr_keeps_its_host_bits_until_they_are_masked() -> None:
    network = parse_cidr("192.168.7.0/023")
    assert format_cidr(network) == "192.168.7.0/23"
    assert format_cidr(network.cidr) == "192.168.6.0/23"


@pytest.mark.parametrize("text", ["::1:2", "::102:304", "::2", "::", "2001:db8::1:0:0:1"])
def test_ipv6_is_written_without_dotted_quads(text: str) -> None:
    assert format_address(parse_address(text)) == text


@given(st.ip_addresses())
def test_every_address_survives_being_written_and_read(address: object) -> None:
    known = IPAddress(str(address))
    if known.version == 6 and known.is_ipv4_mapped():
        return
    assert parse_address(format_address(known)) == known
    assert format_address(known) == str(address)
