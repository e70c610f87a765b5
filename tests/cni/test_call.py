"""What skel refuses, we refuse: same order, same codes, same words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.cni.call import MAX_BODY, answer_version
from rowhouse.domain.errors import (
    InputTooLarge,
    InvalidConfig,
    InvalidEnvironment,
    RowhouseError,
    Undecodable,
)

if TYPE_CHECKING:
    from cni.conftest import Server

NETCONF: dict[str, Any] = {"cniVersion": "0.3.1", "name": "mynet", "ipam": {"type": "whereabouts"}}


def test_a_call_is_what_the_headers_and_the_body_say(server: Server) -> None:
    call = server.call(NETCONF)
    assert (call.command, call.container_id, call.netns, call.interface) == (
        "ADD",
        "ctr-new",
        "/some/where",
        "net1",
    )
    assert (call.node, call.cluster, call.network_name) == ("node1", "prod-a", "mynet")
    assert call.cni_version == "0.3.1"


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        ({"CNI_NetNS": ""}, "CNI_NETNS"),
        ({"CNI_IfName": ""}, "CNI_IFNAME"),
        (
            {"CNI_ContainerID": "", "CNI_NetNS": "", "CNI_IfName": ""},
            "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME",
        ),
        ({"CNI_Command": "DEL", "CNI_ContainerID": "", "CNI_NetNS": ""}, "CNI_CONTAINERID"),
        ({"CNI_Command": "CHECK", "CNI_NetNS": ""}, "CNI_NETNS"),
        ({"CNI_Command": ""}, "CNI_COMMAND"),
    ],
)
def test_all_missing_variables_stand_in_one_message(
    server: Server, headers: dict[str, str], names: str
) -> None:
    with pytest.raises(InvalidEnvironment) as caught:
        server.call(b"not even JSON", **headers)
    assert caught.value.message == f"required env variables [{names}] missing"


@pytest.mark.parametrize("command", ["STATUS", "GC"])
def test_status_and_gc_need_no_container(server: Server, command: str) -> None:
    config = {**NETCONF, "cniVersion": "1.1.0"}
    headers = {"CNI_ContainerID": "", "CNI_NetNS": "", "CNI_IfName": "", "CNI_Args": ""}
    assert server.call(config, CNI_Command=command, **headers).command == command


def test_del_needs_no_network_namespace_and_no_ipam(server: Server) -> None:
    config = {"cniVersion": "1.0.0", "name": "mynet"}
    assert server.call(config, CNI_Command="DEL", CNI_NetNS="").container_id == "ctr-new"


def test_version_needs_nothing(server: Server) -> None:
    headers = {"CNI_ContainerID": "", "CNI_NetNS": "", "CNI_IfName": ""}
    assert server.call(b"not json at all", CNI_Command="VERSION", **headers).command == "VERSION"


def test_the_server_does_not_ask_for_the_plugins_cni_path(server: Server) -> None:
    assert server.call(NETCONF, CNI_Path="").command == "ADD"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"CNI_ContainerID": "some-%%container"}, "invalid characters in containerID"),
        ({"CNI_ContainerID": "-x"}, "invalid characters in containerID"),
        ({"CNI_ContainerID": "x\n"}, "invalid characters in containerID"),
        ({"CNI_ContainerID": "x" * 513}, "containerID is longer than 512 characters"),
        ({"CNI_IfName": "a" * 16}, "interface name is too long"),
        ({"CNI_IfName": "\xc3\xa4" * 8}, "interface name is too long"),
        ({"CNI_IfName": "."}, "interface name is . or .."),
        ({"CNI_IfName": ".."}, "interface name is . or .."),
        (
            {"CNI_IfName": "test/test"},
            "interface name contains / or : or whitespace characters",
        ),
        (
            {"CNI_IfName": "test:test"},
            "interface name contains / or : or whitespace characters",
        ),
        (
            {"CNI_IfName": "test test"},
            "interface name contains / or : or whitespace characters",
        ),
        ({"CNI_Command": "NOPE"}, "unknown CNI_COMMAND: NOPE"),
        ({"CNI_Command": "add"}, "unknown CNI_COMMAND: add"),
        ({"CNI_Args": "a\0b"}, 'CNI_ARGS contains a character that is not allowed: "a\\u0000b"'),
        ({"Rowhouse_Node": "\ud800"}, "ROWHOUSE_NODE contains a character"),
    ],
)
def test_a_bad_environment_has_code_4(
    server: Server, headers: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidEnvironment) as caught:
        server.call(NETCONF, **headers)
    assert caught.value.message.startswith(message)
    assert caught.value.cni_code == 4


def test_fifteen_characters_are_an_interface_name(server: Server) -> None:
    assert server.call(NETCONF, CNI_IfName="a" * 15).interface == "a" * 15


def test_headers_are_utf8_though_wsgi_reads_them_as_latin1(server: Server) -> None:
    sent = "nöde".encode().decode("latin-1")
    assert server.call(NETCONF, Rowhouse_Node=sent).node == "nöde"
    with pytest.raises(InvalidEnvironment, match="ROWHOUSE_NODE is not UTF-8"):
        server.call(NETCONF, Rowhouse_Node="n\xf6de")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b'{ "cniVersion": "0.3.1"',
        b"not json",
        b"[]",
        b"5",
        b'"text"',
        b'{"name": "n", "x": NaN}',
        b'{"name": "n", "x": -Infinity}',
        b'{"name": "n", "x": ' + b"9" * 5000 + b"}",
        b'{"name": "n", "x": "\xff"}',
        b'\xef\xbb\xbf{"name": "n"}',
        '{"name": "n"}'.encode("utf-16"),
        b'{"name": 5}',
        b'{"name": ["n"]}',
        b'{"name": "n",}',
        b'{"name": "\x00"}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"name": "n", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=range(20),
)
def test_an_undecodable_body_has_code_6(server: Server, body: bytes) -> None:
    with pytest.raises(Undecodable, match="error unmarshall network config"):
        server.call(body)


def test_a_body_over_one_mebibyte_is_refused(server: Server) -> None:
    with pytest.raises(InputTooLarge) as caught:
        server.call(b"{" + b" " * MAX_BODY)
    assert caught.value.cni_code == 5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "missing network name"),
        (None, "missing network name"),
        ("bad name!", "invalid characters found in network name"),
        ("name\n", "invalid characters found in network name"),
        ("näme", "invalid characters found in network name"),
        ("n" * 513, "the network name is longer"),
    ],
)
def test_a_bad_network_name_has_code_7(server: Server, name: object, message: str) -> None:
    with pytest.raises(InvalidConfig, match=message):
        server.call({**NETCONF, "name": name})


def test_the_network_name_is_checked_before_the_container_id_as_skel_does(server: Server) -> None:
    with pytest.raises(InvalidConfig):
        server.call({"name": ""}, CNI_ContainerID="%", CNI_IfName="..")
    with pytest.raises(InvalidEnvironment, match="containerID"):
        server.call({**NETCONF, "cniVersion": "9"}, CNI_ContainerID="%", CNI_IfName="..")


def test_keys_match_without_regard_to_case_and_the_last_one_wins(server: Server) -> None:
    call = server.call(b'{"NAME": "a", "name": "b", "Name": "c", "CNIVERSION": "1.0.0"}')
    assert (call.network_name, call.cni_version) == ("c", "1.0.0")
    assert server.call(b'{"name": "a", "NAME": null}').network_name == "a"


@pytest.mark.parametrize(
    ("command", "version", "code", "message"),
    [
        ("ADD", "9.9.9", 1, "incompatible CNI versions"),
        ("ADD", "adsf", 1, "incompatible CNI versions"),
        ("ADD", "1.0", 1, "incompatible CNI versions"),
        ("DEL", "0.5.0", 1, "incompatible CNI versions"),
        ("CHECK", "0.3.1", 1, "config version does not allow CHECK"),
        ("CHECK", "", 1, "config version does not allow CHECK"),
        ("CHECK", "9.0.0", 1, "plugin version does not allow CHECK"),
        ("CHECK", "0.5.0", 1, "incompatible CNI versions"),
        ("CHECK", "adsf", 6, "failed to convert version part"),
        ("CHECK", "1.0.0.0", 6, "too many parts"),
        ("STATUS", "1.0.0", 1, "config version does not allow STATUS"),
        ("STATUS", "1.2.0", 1, "plugin version does not allow STATUS"),
        ("GC", "1.0.0", 1, "config version does not allow GC"),
        ("GC", "2.0", 1, "plugin version does not allow GC"),
    ],
)
def test_versions_are_compared_as_skel_compares_them(
    server: Server, command: str, version: str, code: int, message: str
) -> None:
    with pytest.raises(RowhouseError) as caught:
        server.call({**NETCONF, "cniVersion": version}, CNI_Command=command)
    assert caught.value.cni_code == code
    assert message in caught.value.message
    if message == "incompatible CNI versions":
        assert caught.value.hint == (
            f"config is {json.dumps(version)}, plugin supports "
            '["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]'
        )


def test_a_version_that_is_no_string_has_code_6(server: Server) -> None:
    with pytest.raises(Undecodable, match="decoding version from network config"):
        server.call({**NETCONF, "cniVersion": {"a": 1}})


@pytest.mark.parametrize("version", [None, ""])
def test_no_version_counts_as_the_oldest(server: Server, version: str | None) -> None:
    call = server.call({"name": "mynet", "cniVersion": version})
    assert (call.raw_version, call.cni_version) == ("", "0.1.0")


def test_an_error_answers_in_the_version_of_the_configuration_where_that_is_ours() -> None:
    assert answer_version(b'{"cniVersion": "0.4.0"}') == "0.4.0"
    assert answer_version(b"{}") == "0.1.0"
    for body in (b"", b"nope", b'{"cniVersion": "9.9.9"}', b'{"cniVersion": 1}'):
        assert answer_version(body) == "1.1.0"
