"""What the allocator is asked for, and which addresses the result reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.cni.plan import result_addresses
from rowhouse.cni.results import InterfaceAddress
from rowhouse.domain.errors import (
    AddressOutsideRanges,
    InvalidConfig,
    InvalidEnvironment,
    PoolExhausted,
    RowhouseError,
)
from rowhouse.domain.requests import Assigned, RangeRequest

if TYPE_CHECKING:
    from cni.conftest import Planned, Server

DUAL = {"ipRanges": [{"range": "10.0.0.0/24"}, {"range": "abcd::/64"}]}


def given(planned: Planned, *addresses: str, pool_gateway: str | None = None) -> list[str]:
    """The result's addresses, `address via gateway`, where the allocator assigned these."""
    assigned = [
        Assigned(
            network=request.network,
            cidr=request.cidr,
            address=address,
            prefix_length=int((request.cidr or "/24").partition("/")[2]),
            pool_gateway=pool_gateway,
            created=True,
        )
        for request, address in zip(planned.plan.requests, addresses, strict=True)
    ]
    return [
        f"{address.address} via {address.gateway}" if address.gateway else address.address
        for address in result_addresses(planned.netconf, planned.plan, assigned)
    ]


def test_a_range_becomes_one_request(server: Server) -> None:
    planned = server.plan(
        {
            "range": "192.168.2.225/28",
            "exclude": ["192.168.2.229/30", "192.168.2.236/32"],
            "network_name": "blue",
            "enable_overlapping_ranges": False,
        }
    )
    assert planned.plan.requests == (
        RangeRequest(
            network="blue",
            cidr="192.168.2.224/28",
            segments=(
                ("192.168.2.225", "192.168.2.227"),
                ("192.168.2.232", "192.168.2.235"),
                ("192.168.2.237", "192.168.2.238"),
            ),
            isolated=True,
        ),
    )


def test_the_gateway_is_not_handed_out_unless_strict(server: Server, strict_server: Server) -> None:
    ipam = {"range": "10.0.0.0/29", "gateway": "10.0.0.3"}
    assert server.plan(ipam).plan.requests[0].segments == (
        ("10.0.0.1", "10.0.0.2"),
        ("10.0.0.4", "10.0.0.6"),
    )
    assert strict_server.plan(ipam).plan.requests[0].segments == (("10.0.0.1", "10.0.0.6"),)


def test_a_gateway_outside_the_subnet_is_accepted(server: Server) -> None:
    planned = server.plan(
        {
            "range": "10.11.88.96/28",
            "range_start": "10.11.88.98",
            "range_end": "10.11.88.98",
            "gateway": "10.11.8.97",
        }
    )
    assert planned.plan.requests[0].segments == (("10.11.88.98", "10.11.88.98"),)
    assert given(planned, "10.11.88.98") == ["10.11.88.98/28 via 10.11.8.97"]


def test_a_gateway_is_stamped_on_its_own_family_only_unless_strict(
    server: Server, strict_server: Server
) -> None:
    ipam = {**DUAL, "gateway": "10.0.0.254"}
    assert given(server.plan(ipam), "10.0.0.1", "abcd::1") == [
        "10.0.0.1/24 via 10.0.0.254",
        "abcd::1/64",
    ]
    assert given(strict_server.plan(ipam), "10.0.0.1", "abcd::1") == [
        "10.0.0.1/24 via 10.0.0.254",
        "abcd::1/64 via 10.0.0.254",
    ]


def test_a_pool_has_its_own_gateway_where_the_network_names_none(server: Server) -> None:
    named = {"pool": "storage-a"}
    assert server.plan(named).plan.requests == (RangeRequest(pool="storage-a"),)
    assert given(server.plan(named), "10.0.0.5", pool_gateway="10.0.0.1") == [
        "10.0.0.5/24 via 10.0.0.1"
    ]
    named["gateway"] = "10.0.0.2"
    assert given(server.plan(named), "10.0.0.5", pool_gateway="10.0.0.1") == [
        "10.0.0.5/24 via 10.0.0.2"
    ]
    assert given(server.plan(named), "abcd::5", pool_gateway="abcd::1") == [
        "abcd::5/24 via abcd::1"
    ]


def test_a_range_listed_twice_asks_for_two_addresses_unless_strict(
    server: Server, strict_server: Server
) -> None:
    twice = {
        "ipRanges": [{"range": "10.0.0.0/30"}, {"range": "10.0.0.2/30"}, {"range": "10.0.1.0/30"}]
    }
    assert [request.slot for request in server.plan(twice).plan.requests] == [0, 1, 0]
    assert [request.slot for request in strict_server.plan(twice).plan.requests] == [0, 0, 0]
    pools = {"ipRanges": [{"pool": "a"}, {"pool": "b"}, {"pool": "a"}]}
    assert [request.slot for request in server.plan(pools).plan.requests] == [0, 0, 1]


def test_no_range_and_no_address_has_code_7_unless_strict(
    server: Server, strict_server: Server
) -> None:
    with pytest.raises(InvalidConfig, match="no range given"):
        server.plan({})
    assert strict_server.plan({}).plan.requests == ()
    static_only = server.plan({"addresses": [{"address": "10.9.9.9/24"}]})
    assert static_only.plan.requests == ()
    assert given(static_only) == ["10.9.9.9/24"]


def test_everything_excluded_is_exhausted(server: Server) -> None:
    with pytest.raises(PoolExhausted) as caught:
        server.plan({"range": "10.0.0.0/24", "exclude": ["10.0.0.0/24"]})
    assert caught.value.message == (
        "error at storage engine: Could not allocate IP in range: ip: 10.0.0.1 / - 10.0.0.254"
        " / range: 10.0.0.0/24 / excludeRanges: [10.0.0.0/24]"
    )


def test_excludes_are_read_only_when_an_address_is_searched(server: Server) -> None:
    server.call({"name": "n", "ipam": {"exclude": ["x"]}}, CNI_Command="DEL")
    with pytest.raises(InvalidConfig, match="could not parse exclude range"):
        server.plan({"range": "10.0.0.0/24", "exclude": ["x"]})


@pytest.mark.parametrize(
    ("config", "args"),
    [
        ({"runtimeConfig": {"ips": ["10.0.0.77/24"]}}, ""),
        ({"runtimeConfig": {"ips": ["10.0.0.77"]}}, ""),
        ({"args": {"cni": {"ips": ["10.0.0.77"]}}}, ""),
        ({}, "IP=10.0.0.77/24"),
        ({}, "IP=10.0.0.77/32"),
        ({}, "IP=10.0.0.77"),
        ({}, "IP=10.0.0.77,10.0.0.77/24"),
        ({"runtimeConfig": {"ips": ["10.0.0.77"]}}, "IP=10.0.0.78"),
        ({"runtimeConfig": {"ips": []}, "args": {"cni": {"ips": ["10.0.0.77"]}}}, "IP=10.0.0.78"),
        ({"RuntimeConfig": {"IPs": ["10.0.0.77"]}}, ""),
        ({"runtimeConfig": None, "args": None}, "IP=10.0.0.77"),
    ],
)
def test_the_first_source_that_asks_is_heard(
    server: Server, config: dict[str, Any], args: str
) -> None:
    planned = server.plan({"range": "10.0.0.0/24"}, cni_args=args, **config)
    assert [request.requested for request in planned.plan.requests] == ["10.0.0.77"]
    assert planned.plan.static == ()


def test_requests_go_to_the_first_range_that_offers_them(server: Server) -> None:
    planned = server.plan(DUAL, runtimeConfig={"ips": ["abcd::0:5", "10.0.0.5"]})
    assert [request.requested for request in planned.plan.requests] == ["10.0.0.5", "abcd::5"]
    one = server.plan(DUAL, runtimeConfig={"ips": ["abcd::5"]})
    assert [request.requested for request in one.plan.requests] == [None, "abcd::5"]


def test_a_request_outside_the_ranges_goes_to_a_pool_by_name(server: Server) -> None:
    ipam = {"ipRanges": [{"pool": "a"}, {"range": "10.0.0.0/24"}]}
    planned = server.plan(ipam, runtimeConfig={"ips": ["10.0.0.5", "172.16.0.9"]})
    assert [request.requested for request in planned.plan.requests] == ["172.16.0.9", "10.0.0.5"]


@pytest.mark.parametrize(
    ("ips", "message"),
    [
        (["10.99.0.1"], "is outside every range"),
        (["10.99.0.1/24"], "is outside every range"),
        (["abcd::1"], "is outside every range"),
        (["10.0.0.5", "10.0.0.6"], "more addresses are requested than there are ranges"),
        (["10.0.0.40"], "cannot be assigned by 10.0.0.0/24: it is outside the window"),
        (["10.0.0.9"], "excluded"),
        (["10.0.0.1"], "or the gateway"),
        (["10.0.0.0"], "cannot be assigned"),
    ],
)
def test_a_request_that_no_range_can_meet_has_code_102(
    server: Server, ips: list[str], message: str
) -> None:
    ipam = {
        "range": "10.0.0.0/24",
        "range_end": "10.0.0.30",
        "exclude": ["10.0.0.8/30"],
        "gateway": "10.0.0.1",
    }
    with pytest.raises(AddressOutsideRanges, match=message) as caught:
        server.plan(ipam, runtimeConfig={"ips": ips})
    assert caught.value.cni_code == 102
    assert ips[-1].partition("/")[0] in caught.value.message


@pytest.mark.parametrize(
    ("config", "args", "code"),
    [
        ({"runtimeConfig": {"ips": ["x"]}}, "", 7),
        ({"runtimeConfig": {"ips": "10.0.0.5"}}, "", 7),
        ({"runtimeConfig": {"ips": [5]}}, "", 7),
        ({"runtimeConfig": []}, "", 7),
        ({"args": {"cni": {"ips": ["::ffff:10.0.0.5"]}}}, "", 7),
        ({"args": {"cni": 5}}, "", 7),
        ({}, "IP=x", 4),
        ({}, "IP=10.0.0.5,", 4),
        ({}, "IP=::ffff:10.0.0.5", 4),
        ({}, "GATEWAY=x", 4),
    ],
)
def test_an_unreadable_request_names_its_source(
    server: Server, config: dict[str, Any], args: str, code: int
) -> None:
    with pytest.raises(RowhouseError) as caught:
        server.plan({"range": "10.0.0.0/24"}, cni_args=args, **config)
    assert caught.value.cni_code == code


def test_addresses_of_cni_args_outside_every_range_are_static_as_upstream(server: Server) -> None:
    planned = server.plan(
        {"range": "10.0.0.0/24"}, cni_args="IP=10.9.0.7/16, abcd::7/64;GATEWAY=10.9.0.1"
    )
    assert [request.requested for request in planned.plan.requests] == [None]
    assert given(planned, "10.0.0.1") == ["10.0.0.1/24", "10.9.0.7/16 via 10.9.0.1", "abcd::7/64"]


def test_multus_sends_the_annotation_twice_and_it_still_is_one_list(server: Server) -> None:
    ips = ["10.9.0.7/16", "10.0.0.5"]
    planned = server.plan(
        {"range": "10.0.0.0/24"}, cni_args=f"IP={','.join(ips)}", runtimeConfig={"ips": ips}
    )
    assert [request.requested for request in planned.plan.requests] == ["10.0.0.5"]
    assert planned.plan.static == (InterfaceAddress(address="10.9.0.7/16", version=4),)


def test_a_static_address_without_prefix_is_outside_every_range(server: Server) -> None:
    with pytest.raises(AddressOutsideRanges):
        server.plan({"range": "10.0.0.0/24"}, cni_args="IP=10.9.0.7")


def test_gateway_of_cni_args_belongs_to_the_address_asked_for(server: Server) -> None:
    planned = server.plan({"range": "10.0.0.0/24"}, cni_args="IP=10.0.0.77/24;GATEWAY=10.0.0.254")
    assert given(planned, "10.0.0.77") == ["10.0.0.77/24 via 10.0.0.254"]
    unasked = server.plan({"range": "10.0.0.0/24"}, cni_args="GATEWAY=10.0.0.254")
    assert given(unasked, "10.0.0.1") == ["10.0.0.1/24"]


def test_strict_mode_adds_cni_args_and_ignores_every_other_source(strict_server: Server) -> None:
    planned = strict_server.plan(
        {"range": "10.0.0.0/24"},
        cni_args="IP=10.0.0.77/24",
        runtimeConfig={"ips": ["10.0.0.5", 7]},
        args={"cni": {"ips": ["10.0.0.6"]}},
    )
    assert [request.requested for request in planned.plan.requests] == [None]
    assert given(planned, "10.0.0.1") == ["10.0.0.1/24", "10.0.0.77/24"]
    with pytest.raises(InvalidEnvironment, match=r"invalid CIDR 10\.0\.0\.77"):
        strict_server.plan({"range": "10.0.0.0/24"}, cni_args="IP=10.0.0.77")


@pytest.mark.parametrize("version", [None, "", "0.1.0", "0.2.0"])
def test_old_versions_take_one_static_address_of_each_family(
    server: Server, version: str | None
) -> None:
    ipam = {"range": "10.0.0.0/24", "addresses": [{"address": "10.1.1.1/24"}]}
    assert server.plan(ipam, cniVersion=version).plan.static
    with pytest.raises(InvalidConfig, match="does not support more than 1 address per family"):
        server.plan(ipam, cni_args="IP=10.9.0.7/16", cniVersion=version)
    assert server.plan(ipam, cni_args="IP=abcd::7/64", cniVersion=version).plan.static


def test_node_slices_are_cut_from_the_ranges_that_can_hold_them(server: Server) -> None:
    planned = server.plan({**DUAL, "node_slice_size": "/26"})
    assert [request.node_slice_size for request in planned.plan.requests] == [26, None]
    with pytest.raises(InvalidConfig, match=r"/22 does not fit the range 10\.0\.0\.0/24"):
        server.plan({"range": "10.0.0.0/24", "node_slice_size": "22"})
    six = server.plan({"range": "abcd::/64", "node_slice_size": "120"})
    assert six.plan.requests[0].node_slice_size == 120


def test_ipv6_of_the_database_is_written_as_upstream_writes_it(server: Server) -> None:
    planned = server.plan({"range": "::/96", "use_all": True})
    assert given(planned, "::0.1.0.2") == ["::1:2/96"]
