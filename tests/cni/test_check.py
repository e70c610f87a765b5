"""CHECK compares what is reserved with prevResult."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.cni.check import previous_addresses, verify
from rowhouse.domain.errors import InvalidConfig, NotReserved
from rowhouse.domain.requests import Assigned

if TYPE_CHECKING:
    from cni.conftest import Server


def previous(server: Server, result: object) -> Any:
    config = {"cniVersion": "1.0.0", "name": "mynet", "prevResult": result}
    return previous_addresses(server.call(config, CNI_Command="CHECK").config)


def held(*addresses: str) -> list[Assigned]:
    return [
        Assigned(
            network="",
            cidr="",
            address=address,
            prefix_length=24,
            pool_gateway=None,
            created=False,
        )
        for address in addresses
    ]


ONE = {"range": "192.168.1.0/24"}
DUAL = {"ipRanges": [{"range": "10.0.0.0/24"}, {"range": "abcd::/64"}]}


def test_check_succeeds_where_each_reserved_address_is_in_prev_result(server: Server) -> None:
    found = previous(
        server,
        {
            "cniVersion": "1.0.0",
            "interfaces": [{"name": "net1", "sandbox": "/some/where"}],
            "ips": [
                {"address": "172.16.0.9/16"},
                {"address": "ABCD:0::1/64", "interface": 0},
                {"address": "10.0.0.1/24"},
                {"address": "nonsense"},
            ],
        },
    )
    verify(server.plan(DUAL).netconf, held("10.0.0.1", "abcd::1"), found)


@pytest.mark.parametrize(
    ("reserved", "in_result", "message"),
    [
        ((), "192.168.1.1", "no reservation for this container and interface"),
        (("192.168.1.1",), "192.168.1.77", "reserved address differs from prevResult: 192.168.1.1"),
    ],
)
def test_check_fails_with_code_103(
    server: Server, reserved: tuple[str, ...], in_result: str, message: str
) -> None:
    found = previous(server, {"ips": [{"address": f"{in_result}/24"}]})
    with pytest.raises(NotReserved, match=message) as caught:
        verify(server.plan(ONE).netconf, held(*reserved), found)
    assert caught.value.cni_code == 103


def test_each_range_must_have_its_reservation(server: Server) -> None:
    found = previous(server, {"ips": [{"address": "10.0.0.1/24"}]})
    with pytest.raises(NotReserved, match="1 of 2 addresses are reserved"):
        verify(server.plan(DUAL).netconf, held("10.0.0.1"), found)


def test_strict_mode_knows_that_two_ranges_may_have_given_one_address(
    strict_server: Server,
) -> None:
    found = previous(strict_server, {"ips": [{"address": "10.0.0.1/30"}]})
    twice = {"ipRanges": [{"range": "10.0.0.0/30"}, {"range": "10.0.0.0/30"}]}
    verify(strict_server.plan(twice).netconf, held("10.0.0.1"), found)


def test_nothing_reserved_is_right_where_nothing_is_tracked(server: Server) -> None:
    static = {"addresses": [{"address": "10.9.9.9/24"}]}
    verify(server.plan(static).netconf, [], previous(server, {}))


@pytest.mark.parametrize("result", [None, "x", [], {"ips": {}}, {"ips": ["x"]}])
def test_an_unusable_prev_result_has_code_7(server: Server, result: object) -> None:
    with pytest.raises(InvalidConfig):
        previous(server, result)


def test_a_missing_prev_result_is_named(server: Server) -> None:
    config = {"cniVersion": "1.0.0", "name": "mynet"}
    with pytest.raises(InvalidConfig, match="required prevResult missing"):
        previous_addresses(server.call(config, CNI_Command="CHECK").config)
