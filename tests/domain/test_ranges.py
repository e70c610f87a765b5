"""Range arithmetic against a model that counts address by address."""

from __future__ import annotations

import ipaddress
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress

from rowhouse.domain.errors import InvalidConfig, PoolExhausted
from rowhouse.domain.ranges import configured_range, usable_range, without

HALVES_OF_A_64 = ("2001:db8:0:1::/64", "2001:db8:0:1:ffff:ffff:ffff:fff0/64")


@given(
    span=st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))),
    holes=st.lists(
        st.tuples(st.integers(-5, 65), st.integers(0, 20)).map(lambda hole: (hole[0], sum(hole)))
    ),
)
def test_what_holes_leave_is_what_counting_leaves(
    span: tuple[int, int], holes: list[tuple[int, int]]
) -> None:
    parts = without(span, holes)
    left = {address for first, last in parts for address in range(first, last + 1)}
    model = set(range(span[0], span[1] + 1))
    for low, high in holes:
        model -= set(range(low, high + 1))
    assert left == model
    assert parts == sorted(parts)
    assert all(before[1] < after[0] for before, after in pairwise(parts))


@st.composite
def small_ranges(draw: st.DrawFn) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, int]:
    """A subnet of at most 64 addresses, often at the end of a larger one, and an offset in it."""
    bits = draw(st.sampled_from([32, 128]))
    length = draw(st.integers(bits - 6, bits))
    if bits == 32:
        base = draw(st.sampled_from([0, 0x0A000000, 0xC0A821FF, 0xFFFFFFFF]))
        network: ipaddress.IPv4Network | ipaddress.IPv6Network = ipaddress.IPv4Network(
            (base >> (32 - length) << (32 - length), length)
        )
    else:
        low = draw(st.sampled_from([0, 1 << 63, (1 << 64) - 1]))
        base = (0x20010DB800000001 << 64) + low
        network = ipaddress.IPv6Network((base >> (128 - length) << (128 - length), length))
    return network, draw(st.integers(0, network.num_addresses - 1))


@given(
    small=small_ranges(),
    start=st.integers(-3, 66),
    end=st.integers(-3, 66),
    excluded=st.lists(st.tuples(st.integers(-3, 66), st.integers(0, 7)), max_size=6),
    gateway=st.none() | st.integers(-3, 66),
    use_all=st.booleans(),
)
def test_a_range_gives_out_what_upstream_would_find_one_by_one(
    small: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, int],
    start: int,
    end: int,
    excluded: list[tuple[int, int]],
    gateway: int | None,
    use_all: bool,  # noqa: FBT001 - drawn by name
) -> None:
    network, host = small
    base, bits = int(network.network_address), network.max_prefixlen
    top = 2**bits - 1
    kind = type(network.network_address)

    def at(offset: int) -> str:
        return str(kind(min(max(base + offset, 0), top)))

    text = f"{kind(base + host)}/{network.prefixlen}"
    exclude = [f"{at(offset)}/{bits - size}" for offset, size in excluded]
    hops = [] if gateway is None else [IPAddress(at(gateway))]
    configured = configured_range(text, at(start), at(end))
    model = _model(network, at(start), at(end), exclude, hops, use_all=use_all)

    if model is None:
        with pytest.raises(InvalidConfig, match="net mask is too short"):
            usable_range(configured, exclude=exclude, withheld=hops, use_all=use_all)
        return
    if not model:
        with pytest.raises(PoolExhausted, match="Could not allocate IP in range"):
            usable_range(configured, exclude=exclude, withheld=hops, use_all=use_all)
        return
    usable = usable_range(configured, exclude=exclude, withheld=hops, use_all=use_all)
    given_out = [
        address
        for first, last in usable.segments
        for address in range(int(kind(first)), int(kind(last)) + 1)
    ]
    assert given_out == model
    assert usable.cidr == str(network)
    assert [usable.offers(IPAddress(address, network.version)) for address in model] == [
        True
    ] * len(model)
    assert all(usable.covers(IPAddress(address, network.version)) for address in model)


def _model(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
    start: str,
    end: str,
    exclude: list[str],
    withheld: list[IPAddress],
    *,
    use_all: bool,
) -> list[int] | None:
    """Upstream's loop, word for word: every usable address, one after the other."""
    usable = [int(address) for address in network]
    if not use_all:
        usable = usable[1:-1]
        if not usable:
            return None
    first, last = usable[0], usable[-1]
    wished = int(ipaddress.ip_address(start))
    first = wished if first <= wished <= last else first
    wished = int(ipaddress.ip_address(end))
    last = wished if first <= wished <= last else last
    holes = [ipaddress.ip_network(text, strict=False) for text in exclude]
    kind = type(network.network_address)
    return [
        address
        for address in usable
        if first <= address <= last
        and not any(kind(address) in hole for hole in holes)
        and address not in map(int, withheld)
    ]


@pytest.mark.parametrize(
    ("text", "start", "end", "segments"),
    [
        ("10.0.0.0/24", "10.0.1.5", "", (("10.0.0.1", "10.0.0.254"),)),  # A35
        ("10.0.0.0/24", "not-an-ip", "", (("10.0.0.1", "10.0.0.254"),)),  # A36
        ("10.0.0.0/24", "10.0.0.255", "", (("10.0.0.1", "10.0.0.254"),)),  # A37
        ("10.0.0.0/24", "2001:db8::1", "", (("10.0.0.1", "10.0.0.254"),)),
        ("10.0.0.0/24", "010.0.0.005", "", (("10.0.0.5", "10.0.0.254"),)),
        ("192.168.7.0/23", "192.168.6.255", "", (("192.168.6.255", "192.168.7.254"),)),  # A32
        ("192.168.1.25-192.168.1.5/24", "", "", (("192.168.1.25", "192.168.1.254"),)),  # B30
        (
            "192.168.1.5-192.168.1.9/24",
            "192.168.1.7",
            "192.168.1.8",
            (("192.168.1.5", "192.168.1.9"),),
        ),
        ("00192.00168.1.0/24", "", "", (("192.168.1.1", "192.168.1.254"),)),  # B20
        ("2000::/126", "", "", (("2000::1", "2000::2"),)),
        ("::/0", "", "", (("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"),)),
        ("0.0.0.0/0", "", "", (("0.0.0.1", "255.255.255.254"),)),
    ],
)
def test_windows(text: str, start: str, end: str, segments: object) -> None:
    assert usable_range(configured_range(text, start, end)).segments == segments


@pytest.mark.parametrize("text", HALVES_OF_A_64)
def test_a_64_reaches_to_its_last_address(text: str) -> None:
    assert usable_range(configured_range(text)).segments == (
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:fffe"),
    )


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("10.0.0.0/31", (("10.0.0.0", "10.0.0.1"),)),
        ("10.0.0.7/32", (("10.0.0.7", "10.0.0.7"),)),
        ("2000::/127", (("2000::", "2000::1"),)),
        ("2000::/128", (("2000::", "2000::"),)),
        ("10.0.0.0/24", (("10.0.0.0", "10.0.0.255"),)),
    ],
)
def test_use_all_gives_out_every_address(text: str, segments: object) -> None:
    assert usable_range(configured_range(text), use_all=True).segments == segments


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid CIDR "),
        ("bogus", "invalid CIDR bogus"),
        ("192.168.1.0", r"invalid CIDR 192\.168\.1\.0"),
        ("10.0.0.0/33", "invalid CIDR"),
        ("x-192.168.1.25/24", "invalid range start IP: x"),
        ("192.168.1.5 -192.168.1.25/24", "invalid range start IP"),
        ("192.168.1.5-192.168.1.25", "do you have the 'range' parameter set"),
        (
            "192.168.1.5-192.168.2.25/28",
            r"invalid range start for CIDR 192\.168\.2\.16/28: 192\.168\.1\.5",
        ),
        ("10.0.0.1-2001:db8::9/64", "invalid range start for CIDR 2001:db8::/64"),
        ("::ffff:10.0.0.0/120", "IPv4-mapped"),
        ("::ffff:10.0.0.1-10.0.0.9/24", "IPv4-mapped"),
    ],
)
def test_an_unreadable_range_is_named_in_the_error(text: str, message: str) -> None:
    with pytest.raises(InvalidConfig, match=message) as refusal:
        configured_range(text)
    assert refusal.value.hint or "write it as" in refusal.value.message


@pytest.mark.parametrize("text", ["10.0.0.0/0", "fd00::/0", "10.0.0.1-10.0.0.9/0"])
def test_a_prefix_length_that_leaves_nothing_of_what_was_written_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfig, match="a prefix length of 0 is every address") as refusal:
        configured_range(text)
    assert text in refusal.value.message
    assert "10.0.0.0/8" in refusal.value.hint


@pytest.mark.parametrize("text", ["100::2::1", "10.0.0.1-10.0.0.5", "10.0.0.0/33", "", "010.0.0.1"])
def test_an_unreadable_exclude_is_named_in_the_error(text: str) -> None:
    with pytest.raises(InvalidConfig, match=f"could not parse exclude range.*{text}") as refusal:
        usable_range(configured_range("10.0.0.0/24"), exclude=[text])
    assert "a CIDR or one address" in refusal.value.hint


def test_a_mapped_exclude_is_refused() -> None:
    with pytest.raises(InvalidConfig, match=r"write it as 10\.0\.0\.1"):
        usable_range(configured_range("10.0.0.0/24"), exclude=["::ffff:10.0.0.1"])


def test_huge_excludes_cost_no_more_than_small_ones() -> None:
    configured = configured_range("2001:db8::/30")
    started = time.thread_time()
    usable = usable_range(
        configured, exclude=["2001:db8::/32", *(f"2001:dba:{n:x}::/48" for n in range(2000))]
    )
    assert time.thread_time() - started < 1
    assert usable.segments[0][0] == "2001:db9::"
