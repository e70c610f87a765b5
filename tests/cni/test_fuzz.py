"""Whatever comes in, a call is understood or refused with a CNI code; nothing else is raised."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowhouse.cni.arguments import parse_arguments
from rowhouse.cni.call import answer_version, parse_call
from rowhouse.cni.check import previous_addresses
from rowhouse.cni.failures import error_body
from rowhouse.cni.garbage import valid_attachments
from rowhouse.cni.netconf import ipam_object, read_netconf
from rowhouse.cni.plan import plan_addresses, result_addresses
from rowhouse.cni.requested import requested_addresses
from rowhouse.cni.results import result_body
from rowhouse.cni.versions import SUPPORTED
from rowhouse.domain.errors import RowhouseError
from rowhouse.domain.requests import Assigned

if TYPE_CHECKING:
    from collections.abc import Mapping


def mostly(good: st.SearchStrategy[Any], bad: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Well-formed nineteen times of twenty; the rare number is no edge, which Hypothesis prefers."""
    return st.integers(0, 19).flatmap(lambda dice: bad if dice == 11 else good)


GOOD_ADDRESSES = st.sampled_from(["10.0.0.5", "10.0.0.9", "10.1.0.1", "abcd::5", "abcd::9"])
ADDRESSES = mostly(
    GOOD_ADDRESSES,
    st.sampled_from(["10.0.0.0", "010.0.0.9", "::", "::ffff:1.2.3.4", "x", "", "10.0.0.1-9"])
    | st.ip_addresses().map(str),
)
GOOD_CIDRS = GOOD_ADDRESSES.flatmap(
    lambda text: st.sampled_from(["/120", "/64"] if ":" in text else ["/24", "/16"]).map(
        text.__add__
    )
)
CIDRS = mostly(
    GOOD_CIDRS,
    st.tuples(ADDRESSES, st.sampled_from(["", "/30", "/31", "/32", "/128", "/x"])).map("".join),
)
RANGES = mostly(CIDRS, st.tuples(ADDRESSES, CIDRS).map("-".join))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ADDRESSES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _object(
    required: dict[str, st.SearchStrategy[Any]] | None = None, **keys: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """An object with the required keys and any of the others."""
    chosen = {key: mostly(value, JSON) for key, value in keys.items()}
    return st.fixed_dictionaries(required or {}, optional=chosen)


ROUTE = _object({"dst": CIDRS}, gw=ADDRESSES, mtu=st.integers(0, 9000), scope=st.integers(0, 255))
ADDRESS = _object({"address": CIDRS}, gateway=ADDRESSES)
RANGE = _object(
    {"range": RANGES},
    range_start=ADDRESSES,
    range_end=ADDRESSES,
    exclude=st.lists(CIDRS, max_size=3),
)
IPAM = st.builds(
    lambda top, more: {"type": "whereabouts", **top, **more},
    mostly(RANGE, st.fixed_dictionaries({"pool": mostly(st.just("storage-a"), JSON)})),
    _object(
        ipRanges=st.lists(RANGE, max_size=3),
        gateway=ADDRESSES,
        routes=st.lists(ROUTE, max_size=2),
        addresses=st.lists(ADDRESS, max_size=2),
        dns=_object(nameservers=st.lists(ADDRESSES), domain=st.text()),
        network_name=mostly(st.just("blue"), st.text()),
        node_slice_size=mostly(st.just("/26"), st.sampled_from(["26", "/200", "x"])),
        sticky=st.booleans(),
        sticky_ttl=mostly(st.just("1h"), st.sampled_from(["x", 0])),
        use_all=st.booleans(),
        enable_overlapping_ranges=st.booleans(),
        compat=st.sampled_from(["strict", ""]),
    ),
)
NETCONF = st.builds(
    lambda head, more: {**head, **more},
    st.fixed_dictionaries(
        {
            "name": st.just("mynet"),
            "cniVersion": st.sampled_from(SUPPORTED),
            "ipam": mostly(IPAM, JSON),
        }
    ),
    _object(
        runtimeConfig=_object(ips=st.lists(CIDRS, max_size=2)),
        args=_object(cni=_object(ips=st.lists(CIDRS, max_size=2))),
        prevResult=_object(ips=st.lists(_object(address=CIDRS), max_size=2)),
    ),
)
ARGS = (
    st.lists(
        st.tuples(
            st.sampled_from(["IgnoreUnknown", "IP", "GATEWAY", "K8S_POD_NAME", "X", ""]),
            st.sampled_from(["=", "=", "=", "", "=="]),
            st.sampled_from(["1", "yes"]) | ADDRESSES | CIDRS | st.text(max_size=5),
        ).map("".join),
        max_size=4,
    ).map(";".join)
    | st.text()
)
ENVIRONMENTS = st.fixed_dictionaries(
    {
        "CNI-Command": st.sampled_from(["ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION"])
        | st.text(),
        "CNI-ContainerID": st.just("ctr") | st.text(),
        "CNI-NetNS": st.just("/ns") | st.text(),
        "CNI-IfName": st.just("net1") | st.text(),
        "CNI-Args": ARGS,
        "Rowhouse-Node": st.just("n1") | st.text(),
    }
)


def serve(headers: Mapping[str, str], body: bytes) -> bytes:
    """Do all that the view does without a database: every range has its first address free."""
    call = parse_call(headers, body)
    if call.command == "GC":
        valid_attachments(call.config)
    if call.command == "CHECK":
        previous_addresses(call.config)
    if call.command in {"VERSION", "DEL", "GC"}:
        return b""
    arguments = parse_arguments(call.args)
    netconf = read_netconf(ipam_object(call.config))
    wanted = () if netconf.strict else requested_addresses(call.config, arguments)
    plan = plan_addresses(netconf, arguments, wanted, raw_version=call.raw_version)
    assigned = [
        Assigned(
            network=request.network,
            cidr=request.cidr,
            address=request.requested or (request.segments or (("10.0.0.1", ""),))[0][0],
            prefix_length=24,
            pool_gateway=None,
            created=True,
        )
        for request in plan.requests
    ]
    addresses = result_addresses(netconf, plan, assigned)
    return result_body(call.cni_version, addresses, netconf.routes, netconf.dns)


def answers(headers: Mapping[str, str], body: bytes) -> None:
    try:
        printed = serve(headers, body)
    except RowhouseError as error:
        printed = error_body(error, version=answer_version(body))
        document = json.loads(printed)
        assert document["code"] in {1, 4, 5, 6, 7, 100, 102}
        assert document["msg"]
    if printed:
        assert json.loads(printed)["cniVersion"] in SUPPORTED


@pytest.mark.slow
@given(headers=ENVIRONMENTS, netconf=NETCONF)
@settings(max_examples=1500)
def test_any_configuration_and_environment_gives_a_result_or_an_error(
    headers: dict[str, str], netconf: dict[str, Any]
) -> None:
    answers(headers, json.dumps(netconf).encode())


@given(netconf=NETCONF)
@settings(max_examples=300)
def test_any_configuration_of_a_good_call_gives_a_result_or_an_error(
    netconf: dict[str, Any],
) -> None:
    answers(
        {
            "CNI-Command": "ADD",
            "CNI-ContainerID": "c",
            "CNI-NetNS": "/ns",
            "CNI-IfName": "net1",
            "CNI-Args": "K8S_POD_NAME=p",
        },
        json.dumps(netconf).encode(),
    )


@given(
    headers=ENVIRONMENTS,
    body=st.binary() | st.text().map(str.encode) | JSON.map(json.dumps).map(str.encode),
)
@settings(max_examples=300)
def test_any_bytes_give_a_result_or_an_error(headers: dict[str, str], body: bytes) -> None:
    answers(headers, body)
