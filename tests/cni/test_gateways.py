"""Which addresses a configuration keeps for routers and for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.domain.errors import AddressOutsideRanges, InvalidConfig

if TYPE_CHECKING:
    from cni.conftest import Server

BRIDGE: dict[str, Any] = {"type": "bridge", "isDefaultGateway": True}


def known(server: Server, ipam: dict[str, Any], **config: Any) -> list[tuple[str | None, ...]]:
    return [wanted.gateways for wanted in server.plan(ipam, **config).plan.requests]


def test_the_gateway_is_told_for_each_range_that_holds_it(server: Server) -> None:
    ranges = [{"range": "10.0.1.0/24"}, {"range": "fd00::/64"}, {"pool": "gold"}]
    told = known(server, {"range": "10.0.0.0/24", "gateway": "10.0.0.9", "ipRanges": ranges})
    # Of a pool by name only the database knows the CIDR.
    assert told == [("10.0.0.9",), (), (), ("10.0.0.9",)]


@pytest.mark.parametrize("gateway", ["10.0.0.1", "fd01::1"])
def test_a_gateway_of_no_range_goes_with_the_first(server: Server, gateway: str) -> None:
    ranges = [{"pool": "gold"}, {"range": "10.0.0.128/25"}, {"range": "fd00::/64"}]
    assert known(server, {"ipRanges": ranges, "gateway": gateway}) == [(gateway,), (gateway,), ()]


@pytest.mark.parametrize("flag", ["isGateway", "isDefaultGateway"])
def test_bridge_takes_the_first_address_where_no_gateway_is_named(
    server: Server, flag: str
) -> None:
    config: dict[str, Any] = {"type": "bridge", flag: True}
    ranges = [{"range": "fd00::/64"}, {"pool": "gold"}]
    assert known(server, {"range": "10.0.0.0/24", "ipRanges": ranges}, **config) == [
        ("10.0.0.1",),
        ("fd00::1",),
        (None,),
    ]
    # A gateway of one family leaves the other without.
    ipam = {"range": "10.0.0.0/24", "gateway": "10.0.0.9", "ipRanges": [{"range": "fd00::/64"}]}
    assert known(server, ipam, **config) == [("10.0.0.9",), ("fd00::1",)]
    [first] = server.plan({"range": "10.0.0.0/24"}, **config).plan.requests
    assert first.segments == (("10.0.0.2", "10.0.0.254"),)


@pytest.mark.parametrize(
    "config",
    [
        {"type": "bridge"},
        {"type": "bridge", "isGateway": False, "isDefaultGateway": False},
        {"type": "bridge", "isGateway": "true"},
        {"type": "macvlan", "isGateway": True},
    ],
)
def test_nothing_else_takes_an_address(server: Server, config: dict[str, Any]) -> None:
    assert known(server, {"range": "10.0.0.0/24"}, **config) == [()]


def test_a_range_does_not_assign_the_static_addresses_of_its_configuration(server: Server) -> None:
    static = [{"address": "10.0.0.1/24"}, {"address": "10.0.0.3/24", "gateway": "10.0.0.2"}]
    planned = server.plan({"range": "10.0.0.0/29", "addresses": static}).plan
    assert planned.requests[0].segments == (("10.0.0.4", "10.0.0.6"),)
    assert planned.requests[0].gateways == ("10.0.0.2",)
    with pytest.raises(AddressOutsideRanges, match="listed in addresses"):
        server.plan(
            {"range": "10.0.0.0/29", "addresses": static}, runtimeConfig={"ips": ["10.0.0.3"]}
        )


def test_strict_mode_knows_no_gateways(strict_server: Server) -> None:
    static = [{"address": "10.0.0.2/24", "gateway": "10.0.0.3"}]
    ipam = {"range": "10.0.0.0/24", "gateway": "10.0.0.1", "addresses": static}
    [wanted] = strict_server.plan(ipam, **BRIDGE).plan.requests
    assert (wanted.gateways, wanted.segments) == ((), (("10.0.0.1", "10.0.0.254"),))


@pytest.mark.parametrize(("cidr", "size"), [("10.0.0.0/24", "/32"), ("fd00::/64", "128")])
def test_a_slice_of_one_address_is_an_error(server: Server, cidr: str, size: str) -> None:
    with pytest.raises(InvalidConfig, match="node_slice_size") as refused:
        server.plan({"range": cidr, "node_slice_size": size})
    assert refused.value.cni_code == 7
    [wanted] = server.plan({"range": cidr, "node_slice_size": size, "use_all": True}).plan.requests
    assert wanted.node_slice_size in {32, 128}
