"""The result is, byte for byte, what upstream prints."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowhouse.cni.failures import error_body
from rowhouse.cni.results import (
    _GO_ESCAPES,
    Dns,
    InterfaceAddress,
    Route,
    pretty,
    result_body,
    version_body,
)
from rowhouse.cni.versions import CURRENT, SUPPORTED
from rowhouse.domain.errors import InvalidConfig, PoolExhausted

CASES = Path(__file__).parents[1] / "conformance" / "cases.json"

V4 = InterfaceAddress(address="10.0.0.1/24", version=4, gateway="10.0.0.254")
OTHER_V4 = InterfaceAddress(address="10.0.1.1/24", version=4)
V6 = InterfaceAddress(address="abcd::1/64", version=6)
DEFAULT_ROUTE = Route(dst="0.0.0.0/0", version=4)
FULL_ROUTE = Route(
    dst="10.5.0.0/16",
    version=4,
    gw="10.0.0.9",
    mtu=1400,
    advmss=1300,
    priority=5,
    table=100,
    scope=0,
)
V6_ROUTE = Route(dst="::/0", version=6, gw="abcd::fe", mtu=0)


def _printed(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=4, ensure_ascii=False).encode()


def _upstream_results() -> list[Any]:
    """What the upstream binary printed in each case that gave a result."""
    return [
        pytest.param(case["upstream_stdout"], id=case["id"])
        for case in json.loads(CASES.read_text())
        if case["target"] == "whereabouts"
        and isinstance(case.get("upstream_stdout"), dict)
        and not {"code", "supportedVersions"} & case["upstream_stdout"].keys()
    ]


def _address(entry: dict[str, str]) -> InterfaceAddress:
    text = entry.get("address") or entry["ip"]
    version = ipaddress.ip_interface(text).version
    return InterfaceAddress(address=text, version=version, gateway=entry.get("gateway"))


@pytest.mark.parametrize("printed", _upstream_results())
def test_every_result_of_upstream_is_reproduced(printed: dict[str, Any]) -> None:
    old = [printed[key] for key in ("ip4", "ip6") if key in printed]
    addresses = [_address(entry) for entry in printed.get("ips", old)]
    routes = printed.get("routes") or [route for entry in old for route in entry.get("routes", [])]
    dns = printed.get("dns", {})
    body = result_body(
        printed["cniVersion"],
        addresses,
        [Route(version=ipaddress.ip_interface(route["dst"]).version, **route) for route in routes],
        Dns(
            nameservers=tuple(dns.get("nameservers", ())),
            domain=dns.get("domain", ""),
            search=tuple(dns.get("search", ())),
            options=tuple(dns.get("options", ())),
        ),
    )
    assert body == _printed(printed)


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_the_oldest_forms_have_one_address_of_each_family(version: str) -> None:
    body = result_body(
        version, [V4, OTHER_V4, V6], [DEFAULT_ROUTE, V6_ROUTE, FULL_ROUTE], Dns(domain="e.com")
    )
    assert body == _printed(
        {
            "cniVersion": version,
            "ip4": {
                "ip": "10.0.0.1/24",
                "gateway": "10.0.0.254",
                "routes": [
                    {"dst": "0.0.0.0/0"},
                    {
                        "dst": "10.5.0.0/16",
                        "gw": "10.0.0.9",
                        "mtu": 1400,
                        "advmss": 1300,
                        "priority": 5,
                        "table": 100,
                        "scope": 0,
                    },
                ],
            },
            "ip6": {"ip": "abcd::1/64", "routes": [{"dst": "::/0", "gw": "abcd::fe"}]},
            "dns": {"domain": "e.com"},
        }
    )


def test_the_oldest_forms_need_an_address() -> None:
    with pytest.raises(InvalidConfig, match="no valid IP addresses"):
        result_body("0.2.0", [], [], Dns())


@pytest.mark.parametrize("version", ["0.3.0", "0.3.1", "0.4.0"])
def test_the_middle_forms_name_the_family_and_always_have_dns(version: str) -> None:
    assert result_body(version, [V4, V6], [FULL_ROUTE], Dns()) == _printed(
        {
            "cniVersion": version,
            "ips": [
                {"version": "4", "address": "10.0.0.1/24", "gateway": "10.0.0.254"},
                {"version": "6", "address": "abcd::1/64"},
            ],
            "routes": [
                {
                    "dst": "10.5.0.0/16",
                    "gw": "10.0.0.9",
                    "mtu": 1400,
                    "advmss": 1300,
                    "priority": 5,
                    "table": 100,
                    "scope": 0,
                }
            ],
            "dns": {},
        }
    )


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_the_newest_forms_are_sorted_and_leave_empty_dns_out(version: str) -> None:
    dns = Dns(nameservers=("8.8.8.8",), domain="e.com", search=("e.com",), options=("ndots:1",))
    body = result_body(version, [V4, V6], [FULL_ROUTE], dns)
    assert body == json.dumps(json.loads(body), indent=4, sort_keys=True).encode()
    assert json.loads(body)["ips"] == [
        {"address": "10.0.0.1/24", "gateway": "10.0.0.254"},
        {"address": "abcd::1/64"},
    ]
    assert "dns" not in json.loads(result_body(version, [V4], [], Dns()))


def test_go_escapes_what_html_would_read_and_leaves_other_letters_alone() -> None:
    body = result_body("0.4.0", [V4], [], Dns(domain="a<b>&ö\u2028"))
    assert '"domain": "a\\u003cb\\u003e\\u0026ö\\u2028"'.encode() in body
    assert json.loads(body)["dns"] == {"domain": "a<b>&ö\u2028"}


def test_version_is_printed_on_one_line() -> None:
    assert version_body(CURRENT, SUPPORTED) == (
        b'{"cniVersion":"1.1.0","supportedVersions":'
        b'["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}\n'
    )


def test_an_error_tells_the_code_what_to_do_and_which_request_it_was() -> None:
    error = PoolExhausted("no address left in 10.0.0.0/30", hint="widen it")
    body = error_body(error, version="1.0.0", request_id="abc", subject="pod default/p")
    assert body == _printed(
        {
            "cniVersion": "1.0.0",
            "code": 100,
            "msg": "no address left in 10.0.0.0/30",
            "details": "widen it; pod default/p; request abc",
        }
    )
    assert "details" not in json.loads(error_body(PoolExhausted("x"), version="1.0.0"))


def test_an_error_about_text_that_is_no_text_can_still_be_printed() -> None:
    json.loads(error_body(InvalidConfig("bad \ud800 \0 <"), version="1.0.0"))


@pytest.mark.slow
@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    )
)
def test_pretty_is_what_the_standard_library_writes(document: dict[str, object]) -> None:
    expected = json.dumps(document, indent=4, ensure_ascii=False).translate(_GO_ESCAPES)
    assert pretty(document) == expected.encode("utf-8", "replace")
