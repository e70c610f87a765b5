"""Every key of the ipam object, with Go's rules for JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from netaddr import IPAddress

from rowhouse.cni.netconf import Netconf, ipam_object, is_strict, read_netconf
from rowhouse.cni.results import Dns, InterfaceAddress, Route
from rowhouse.domain.errors import InvalidConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from cni.conftest import Server

REFERENCE = Path(__file__).parents[2] / "docs/reference/config.md"


def read(server: Server, ipam: dict[str, Any] | str, **settings: Any) -> Netconf:
    text = ipam if isinstance(ipam, str) else json.dumps({"type": "whereabouts", **ipam})
    call = server.call(f'{{"cniVersion": "0.3.1", "name": "mynet", "ipam": {text}}}'.encode())
    return read_netconf(ipam_object(call.config), **settings)


@pytest.mark.parametrize("kind", ["whereabouts", "rowhouse"])
def test_both_types_are_ours(server: Server, kind: str) -> None:
    assert read(server, {"type": kind, "range": "10.0.0.0/24"}).ranges


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "bridge"}, "IPAM config missing 'ipam' key"),
        ({"ipam": None}, "IPAM config missing 'ipam' key"),
        ({"ipam": "x"}, 'netconf.ipam must be an object, got "x"'),
        ({"ipam": {}}, "only interested in networks whose IPAM type is 'whereabouts'"),
        ({"ipam": {"type": "host-local"}}, "This one was: host-local"),
        ({"ipam": {"type": 5}}, "ipam.type must be a string, got 5"),
    ],
)
def test_an_ipam_object_that_is_not_for_us_is_refused(
    server: Server, config: dict[str, Any], message: str
) -> None:
    call = server.call({"cniVersion": "0.3.1", "name": "mynet", **config})
    with pytest.raises(InvalidConfig) as caught:
        ipam_object(call.config)
    assert message in caught.value.message


class Asked(dict[str, object]):
    """An object that notes which of its keys were read."""

    def __init__(self, *known: tuple[str, object]) -> None:
        super().__init__(known)
        self.keys_read: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_read.add(key)
        return super().get(key, default)


def test_the_reference_lists_every_key() -> None:
    entry = Asked(("range", "10.0.0.0/24"))
    ipam = Asked(("ipranges", [entry]))
    read_netconf(ipam)
    assert len(ipam.keys_read) > 15
    first = re.findall(r"^\| (`.+?`) \|", REFERENCE.read_text(), re.MULTILINE)
    listed = {key.lower() for cell in first for key in re.findall(r"`(\w+)`", cell)}
    missing = (ipam.keys_read | entry.keys_read) - listed
    assert not missing, f"add rows to docs/reference/config.md: {missing}"


def test_defaults_of_every_key(server: Server) -> None:
    assert read(server, {}) == Netconf(
        ranges=(),
        gateway=None,
        static=(),
        routes=(),
        dns=Dns(),
        address_space="",
        overlapping=True,
        node_slice_size=None,
        sticky=False,
        sticky_ttl=None,
        reuse_delay=None,
        use_all=False,
        strict=False,
    )


def test_keys_are_read_without_regard_to_case_and_unknown_ones_are_ignored(server: Server) -> None:
    netconf = read(
        server,
        '{"Type": "whereabouts", "RANGE": "10.0.0.0/24", "Gateway": "10.0.0.254", "rangeStart": 5,'
        ' "datastore": 7, "leader_lease_duration": "x", "range": "10.1.0.0/24"}',
    )
    assert netconf.ranges[0].configured is not None
    assert netconf.ranges[0].configured.cidr_text == "10.1.0.0/24"
    assert netconf.gateway == IPAddress("10.0.0.254")


def test_the_top_level_range_goes_first(server: Server) -> None:
    netconf = read(
        server,
        {
            "ipRanges": [{"range": "192.168.10.1/24", "exclude": ["192.168.10.1"]}],
            "range": "abcd::1/64",
            "exclude": ["abcd::1"],
        },
    )
    assert [
        (entry.where, entry.configured and entry.configured.cidr_text, entry.exclude)
        for entry in netconf.ranges
    ] == [
        ("ipam.range", "abcd::/64", ("abcd::1",)),
        ("ipam.ipRanges[0].range", "192.168.10.0/24", ("192.168.10.1",)),
    ]


def test_routes_dns_and_addresses_are_kept_as_written(server: Server) -> None:
    netconf = read(
        server,
        {
            "routes": [
                {"dst": "192.168.7.9/16", "gw": "10.10.5.1"},
                {"dst": "3ffe:ffff:0:01ff::1/64", "gw": None},
                {"dst": "0.0.0.0/0", "gw": "", "mtu": 1400, "table": 0, "scope": 0},
            ],
            "dns": {"nameservers": ["8.8.8.8"], "domain": "e.com", "search": [], "options": None},
            "addresses": [
                {"address": "010.10.0.1/24", "gateway": "10.10.0.254"},
                {"address": "3ffe:ffff:0:01ff::1/64"},
            ],
        },
    )
    assert netconf.routes == (
        Route(dst="192.168.7.9/16", version=4, gw="10.10.5.1"),
        Route(dst="3ffe:ffff:0:1ff::1/64", version=6),
        Route(dst="0.0.0.0/0", version=4, mtu=1400, table=0, scope=0),
    )
    assert netconf.dns == Dns(nameservers=("8.8.8.8",), domain="e.com")
    assert netconf.static == (
        InterfaceAddress(address="10.10.0.1/24", version=4, gateway="10.10.0.254"),
        InterfaceAddress(address="3ffe:ffff:0:1ff::1/64", version=6),
    )


@pytest.mark.parametrize("value", ["vm", "statefulset", "name"])
def test_sticky_names_the_owner_that_keeps_the_address(server: Server, value: str) -> None:
    netconf = read(server, {"sticky": value})
    assert (netconf.sticky, netconf.keep_for, netconf.by_claim) == (False, value, False)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(60, 60.0), (1.5, 1.5), ("24h", 86400.0), ("1h30m", 5400.0), ("7d", 604800.0), ("500ms", 0.5)],
)
def test_sticky_ttl_is_seconds_or_a_duration(server: Server, value: object, seconds: float) -> None:
    netconf = read(server, {"sticky": True, "sticky_ttl": value})
    assert (netconf.sticky, netconf.sticky_ttl) == (True, seconds)


@pytest.mark.parametrize("text", ["/22", "22"])
def test_node_slice_size_has_two_spellings(server: Server, text: str) -> None:
    assert read(server, {"node_slice_size": text}).node_slice_size == 22


@pytest.mark.parametrize(
    ("ipam", "message"),
    [
        ({"range": 5}, "ipam.range must be a string, got 5"),
        ({"range": ["10.0.0.0/24"]}, "ipam.range must be a string"),
        ({"exclude": "10.0.0.1"}, 'ipam.exclude must be a list, got "10.0.0.1"'),
        ({"exclude": [5]}, "ipam.exclude must be a list of strings, got 5"),
        ({"ipRanges": {}}, "ipam.ipRanges must be a list"),
        ({"ipRanges": ["10.0.0.0/24"]}, "ipam.ipRanges[0] must be an object"),
        ({"ipRanges": [None]}, "ipam.ipRanges[0] must be an object, got null"),
        ({"ipRanges": [{}]}, "invalid CIDR "),
        ({"ipRanges": [{"range": "10.0.0.0/24"}] * 129}, "more than 128"),
        (
            {"ipRanges": [{"range": "10.0.0.0/24", "range_start": "bogus"}]},
            "JSON Parsing Error: invalid IP address: bogus (ipam.ipRanges[0].range_start)",
        ),
        (
            {"ipRanges": [{"range": "10.0.0.0/24", "range_end": "010.0.0.5"}]},
            "invalid IP address: 010.0.0.5 (ipam.ipRanges[0].range_end)",
        ),
        ({"gateway": "nope"}, "couldn't parse gateway IP: nope"),
        ({"gateway": "::ffff:10.0.0.1"}, "couldn't parse gateway IP: ::ffff:10.0.0.1"),
        ({"range": "10.0.0.0/24", "range_start": "::ffff:10.0.0.9"}, "IPv4-mapped"),
        ({"addresses": [{"address": "10.1.1.1"}]}, "invalid CIDR in addresses 10.1.1.1"),
        ({"addresses": [{}]}, "invalid CIDR in addresses "),
        (
            {"addresses": [{"address": "10.1.1.1/8", "gateway": "x"}]},
            "invalid IP address: x (ipam.addresses[0].gateway)",
        ),
        ({"routes": [{}]}, "invalid CIDR address:  (ipam.routes[0].dst)"),
        ({"routes": [{"dst": "010.0.0.0/8"}]}, "invalid CIDR address: 010.0.0.0/8"),
        ({"routes": [{"dst": "0.0.0.0/0", "gw": "x"}]}, "(ipam.routes[0].gw)"),
        ({"routes": [{"dst": "0.0.0.0/0", "mtu": 1.5}]}, "ipam.routes[0].mtu must be an integer"),
        ({"routes": [{"dst": "0.0.0.0/0", "mtu": True}]}, "must be an integer, got true"),
        ({"routes": [{"dst": "0.0.0.0/0", "table": 2**63}]}, "must be an integer"),
        ({"dns": []}, "ipam.dns must be an object, got []"),
        ({"dns": {"search": [1]}}, "ipam.dns.search must be a list of strings, got 1"),
        ({"enable_overlapping_ranges": "false"}, 'must be true or false, got "false"'),
        (
            {"sticky": 1},
            'ipam.sticky must be true, false, "vm", "statefulset" or "name", got 1',
        ),
        ({"sticky": "VM"}, 'or "name", got "VM"'),
        ({"sticky": ["vm"]}, 'or "name", got ["vm"]'),
        ({"sticky": ""}, 'or "name", got ""'),
        ({"sticky_ttl": "soon"}, 'ipam.sticky_ttl must be seconds or a duration like "24h"'),
        ({"sticky_ttl": -1}, "got -1"),
        ({"sticky_ttl": True}, "got true"),
        ({"sticky_ttl": 10**400}, "ipam.sticky_ttl must be"),
        ({"sticky_ttl": "9" * 200 + "h"}, "ipam.sticky_ttl must be"),
        ({"node_slice_size": "x"}, 'ipam.node_slice_size must be a prefix length like "/26"'),
        ({"node_slice_size": 26}, "ipam.node_slice_size must be a string, got 26"),
        ({"compat": "loose"}, 'ipam.compat must be "strict" or absent, got "loose"'),
        (
            {"network_name": "a\0b"},
            'ipam.network_name contains a character that is not allowed: "a',
        ),
        ({"network_name": "\ud800"}, "ipam.network_name contains a character"),
        ({"network_name": "n" * 254}, "ipam.network_name is longer than 253 bytes"),
        ({"pool": "a", "range": "10.0.0.0/24"}, 'ipam.pool "a" and ipam.range exclude each other'),
        ({"pool": "a", "ipRanges": [{}]}, 'ipam.pool "a" and ipam.ipRanges exclude each other'),
        ({"ipRanges": [{"pool": "a", "range": "10.0.0.0/24"}]}, "exclude each other"),
    ],
)
def test_a_wrong_value_has_code_7_and_names_key_and_value(
    server: Server, ipam: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read(server, ipam)
    assert message in caught.value.message
    assert caught.value.cni_code == 7


def test_an_infinite_ttl_is_refused(server: Server) -> None:
    with pytest.raises(InvalidConfig, match="sticky_ttl"):
        read(server, '{"type": "whereabouts", "sticky_ttl": 1e999}')


def test_pools_are_named_alone_or_in_a_list(server: Server) -> None:
    assert [entry.pool for entry in read(server, {"pool": "storage-a"}).ranges] == ["storage-a"]
    listed = read(server, {"ipRanges": [{"pool": "v4"}, {"pool": "v6"}, {"range": "10.0.0.0/8"}]})
    assert [entry.pool for entry in listed.ranges] == ["v4", "v6", None]


@pytest.mark.parametrize("empty", [None, "", [], {}, 0])
def test_a_default_fills_what_is_empty(server: Server, empty: object) -> None:
    netconf = read(server, {"network_name": empty}, defaults={"NETWORK_NAME": "named"})
    assert netconf.address_space == "named"


def test_a_default_never_replaces_what_the_network_says(server: Server) -> None:
    netconf = read(
        server,
        {"range": "10.0.0.0/24", "gateway": "10.0.0.1", "enable_overlapping_ranges": False},
        defaults={"gateway": "10.0.0.2", "enable_overlapping_ranges": True, "pool": "storage-a"},
    )
    assert netconf.gateway == IPAddress("10.0.0.1")
    assert not netconf.overlapping
    assert [entry.pool for entry in netconf.ranges] == [None]


def test_a_network_with_a_pool_gets_no_default_range(server: Server) -> None:
    netconf = read(server, {"pool": "a"}, defaults={"range": "10.0.0.0/24", "ipRanges": [{}]})
    assert [entry.pool for entry in netconf.ranges] == ["a"]


def test_a_default_for_overlapping_counts_only_where_upstream_is_not_copied(server: Server) -> None:
    defaults = {"enable_overlapping_ranges": False}
    assert not read(server, {}, defaults=defaults).overlapping
    assert read(server, {}, defaults=defaults, server_compat="strict").overlapping


def test_strictness_comes_from_the_server_or_the_network(
    server: Server, server_with: Callable[..., Server]
) -> None:
    assert read(server, {"compat": "strict"}).strict
    assert read(server, {}, server_compat="strict").strict
    config = server.call({"name": "n", "ipam": {"compat": "strict", "range": 5}}).config
    assert is_strict(config, "")
    assert not is_strict({}, "")
    assert is_strict({}, "strict")
    assert server_with(compat="strict").plan({}).netconf.strict
