"""Keys of allocations, as whereabouts v0.9 reads and writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowhouse.k8s.whereabouts.offsets import BadKey, address_at, key_of


@pytest.mark.parametrize(
    ("spec_range", "key", "address"),
    [
        ("10.11.88.96/28", "2", "10.11.88.98"),
        ("10.10.10.0/16", "1", "10.10.10.1"),
        ("10.10.10.0/16", "60000", "10.10.244.96"),
        ("2001:db8::/30", "0", "2001:db8::"),
        ("abcd::/64", str((1 << 63) - 1), "abcd::7fff:ffff:ffff:ffff"),
        ("0.0.0.0/0", "4294967295", "255.255.255.255"),
    ],
)
def test_a_key_is_the_distance_from_the_address_that_is_written(
    spec_range: str, key: str, address: str
) -> None:
    assert address_at(spec_range, key) == address
    assert key_of(spec_range, address) == key


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "not a whole number"),
        ("1.5", "not a whole number"),
        ("1_0", "not a whole number"),
        (" 1", "not a whole number"),
        ("٣", "not a whole number"),
        ("-1", "negative"),
        ("-" + "9" * 5000, "negative"),
        ("14602077366818701312", "2^63 or more"),
        ("9" * 5000, "2^63 or more"),
        ("4294967296", "beyond the end of 10.0.0.0/24"),
        ("256", "beyond the end of 10.0.0.0/24"),
    ],
)
def test_whereabouts_403_a_key_that_stands_for_no_address_says_why(key: str, why: str) -> None:
    with pytest.raises(BadKey) as error:
        address_at("10.0.0.0/24", key)
    assert why in str(error.value)


def test_what_go_reads_as_a_number_is_one() -> None:
    assert address_at("10.0.0.0/24", "007") == address_at("10.0.0.0/24", "+7") == "10.0.0.7"
    assert address_at("10.0.0.0/24", "-0") == "10.0.0.0"


@pytest.mark.parametrize(
    ("spec_range", "address"),
    [
        ("abcd::/64", "abcd::8000:0:0:0"),
        ("2001:db8::/30", "2001:db9::"),
        ("10.10.10.0/16", "10.10.9.255"),
        ("10.0.0.0/8", "abcd::1"),
    ],
)
def test_an_address_that_upstream_could_not_read_back_has_no_key(
    spec_range: str, address: str
) -> None:
    assert key_of(spec_range, address) is None


@given(st.integers(0, (1 << 63) - 1), st.sampled_from(["fd00::/64", "fd00::8/48", "10.1.2.3/8"]))
def test_a_key_and_its_address_are_one_and_the_same(offset: int, spec_range: str) -> None:
    try:
        address = address_at(spec_range, str(offset))
    except BadKey:
        return
    assert key_of(spec_range, address) == str(offset)
