"""Names of objects, as whereabouts v0.9 makes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowhouse.domain.addresses import format_address, parse_address
from rowhouse.k8s.whereabouts.names import (
    ip_pool_name,
    prefix_of_pool,
    readings_of_reservation,
    reservation_name,
    why_no_name,
)


@pytest.mark.parametrize(
    ("cidr", "network", "node", "name"),
    [
        ("10.11.88.96/28", "", "", "10.11.88.96-28"),
        ("abcd::/64", "", "", "abcd---64"),
        ("2001:db8::/30", "", "", "2001-db8---30"),
        ("10.0.0.0/8", "test", "", "test-10.0.0.0-8"),
        ("10.0.0.0/8", "testnet", "node1", "testnet-node1-10.0.0.0-8"),
        ("10.0.0.64/26", "", "n1", "n1-10.0.0.64-26"),
    ],
)
def test_pools_are_named_as_upstream_names_them(
    cidr: str, network: str, node: str, name: str
) -> None:
    assert ip_pool_name(cidr, network=network, node=node) == name
    assert prefix_of_pool(name, cidr) == "-".join(part for part in (network, node) if part)


@pytest.mark.parametrize(
    ("address", "network", "name"),
    [
        ("10.11.88.98", "", "10.11.88.98"),
        ("abcd::1", "", "abcd--1"),
        ("2001:db9::", "", "2001-db9--0"),
        ("abcd::1", "NetX", "NetX-abcd--1"),
        ("10.0.0.1", "a-b", "a-b-10.0.0.1"),
    ],
)
def test_reservations_are_named_as_upstream_names_them(
    address: str, network: str, name: str
) -> None:
    assert reservation_name(address, network=network) == name
    assert (network, address) in readings_of_reservation(name)


def test_a_range_with_host_bits_has_a_pool_of_either_name() -> None:
    assert prefix_of_pool("10.10.0.0-16", "10.10.10.0/16") == ""
    assert prefix_of_pool("net-10.10.10.0-16", "10.10.10.0/16") == "net"
    assert prefix_of_pool("something-else", "10.10.10.0/16") is None
    assert prefix_of_pool("110.0.0.0-8", "10.0.0.0/8") is None


def test_a_name_may_have_more_than_one_reading() -> None:
    assert readings_of_reservation("ab-abcd--1") == [("", "ab:abcd::1"), ("ab", "abcd::1")]
    assert readings_of_reservation("prod-10.0.0.7") == [("prod", "10.0.0.7")]
    assert readings_of_reservation("lease") == []


@given(
    st.ip_addresses(),
    st.from_regex(r"([a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?)?", fullmatch=True),
)
def test_the_true_reading_is_always_among_them(address: object, network: str) -> None:
    try:
        text = format_address(parse_address(str(address)))
    except ValueError:
        return  # IPv4-mapped
    name = reservation_name(text, network=network)
    assert (network, text) in readings_of_reservation(name)


@pytest.mark.parametrize("name", ["---64", "Net_X-10.0.0.0-24", "a" * 254, "net-", ""])
def test_what_kubernetes_refuses_is_known_before_it_is_asked(name: str) -> None:
    assert why_no_name(name)


@pytest.mark.parametrize("name", ["abcd---64", "10.0.0.0-24", "2001-db9--0"])
def test_what_kubernetes_takes_is_no_problem(name: str) -> None:
    assert why_no_name(name) is None
