"""What the plugin refuses, or answers, before any server hears of the call."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from cni_plugin.scripted import RESULT, closed_port, reply, serving
from rowhouse_cni.environment import MAX_NETCONF_BYTES, OMITTED_NETCONF

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cni_plugin.node import Node, Outcome
    from cni_plugin.scripted import Scripted

SUPPORTED = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]
OWN_NETNS = "/proc/self/ns/net"


@pytest.fixture
def server(node: Node) -> Iterator[Scripted]:
    with serving(reply(200, RESULT)) as scripted:
        node.configure(scripted.url)
        yield scripted


def refused(node: Node, server: Scripted, **options: Any) -> Outcome:
    outcome = node.call(**options)
    assert outcome.code == 4
    assert server.requests == []
    return outcome


def test_version_needs_neither_settings_nor_server_nor_input(node: Node) -> None:
    outcome = node.call(
        "VERSION", netconf=b"not json at all", CNI_CONTAINERID=None, CNI_PATH=None, CNI_IFNAME=None
    )
    assert outcome.exit_status == 0
    assert json.loads(outcome.stdout) == {"cniVersion": "1.1.0", "supportedVersions": SUPPORTED}


@pytest.mark.parametrize("command", [None, ""])
def test_without_a_command_it_introduces_itself_on_stderr(node: Node, command: str | None) -> None:
    outcome = node.call(CNI_COMMAND=command)
    assert (outcome.exit_status, outcome.stdout) == (0, b"")
    assert b"rowhouse" in outcome.stderr
    assert ", ".join(SUPPORTED).encode() in outcome.stderr


@pytest.mark.parametrize("command", ["NOPE", "add", "ADD\nX: y", " ADD"])
def test_an_unknown_command_is_refused(node: Node, server: Scripted, command: str) -> None:
    outcome = refused(node, server, CNI_COMMAND=command)
    assert outcome.error["msg"] == f"unknown CNI_COMMAND: {command}"


@pytest.mark.parametrize(
    ("command", "absent", "named"),
    [
        ("ADD", ["CNI_NETNS"], "CNI_NETNS"),
        ("ADD", ["CNI_IFNAME"], "CNI_IFNAME"),
        ("ADD", ["CNI_PATH"], "CNI_PATH"),
        ("ADD", ["CNI_IFNAME", "CNI_NETNS", "CNI_CONTAINERID"],
         "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME"),
        ("CHECK", ["CNI_PATH", "CNI_NETNS"], "CNI_NETNS,CNI_PATH"),
        ("DEL", ["CNI_CONTAINERID"], "CNI_CONTAINERID"),
        ("DEL", ["CNI_IFNAME", "CNI_NETNS"], "CNI_IFNAME"),
        ("GC", ["CNI_PATH", "CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS"], "CNI_PATH"),
        ("STATUS", ["CNI_PATH", "CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS"], "CNI_PATH"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("nothing", [None, ""])
def test_all_missing_variables_are_named_in_one_message(
    node: Node, server: Scripted, command: str, absent: list[str], named: str, nothing: str | None
) -> None:
    outcome = refused(node, server, command=command, **dict.fromkeys(absent, nothing))
    assert outcome.error["msg"] == f"required env variables [{named}] missing"


@pytest.mark.parametrize("command", ["GC", "STATUS"])
def test_gc_and_status_need_no_container(node: Node, server: Scripted, command: str) -> None:
    absent = dict.fromkeys(["CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS", "CNI_ARGS"])
    outcome = node.call(command, **absent)
    assert outcome.exit_status == 0
    assert server.asked == [(command, "")]


@pytest.mark.parametrize(
    ("container_id", "interface", "msg"),
    [
        ("some-%%container", "net1", "invalid characters in containerID"),
        ("-c", "net1", "invalid characters in containerID"),
        ("../../etc/passwd", "net1", "invalid characters in containerID"),
        ("c\r\nX: y", "net1", "invalid characters in containerID"),
        ("c", "a23456789012345x", "interface name is too long"),
        ("c", ".", "interface name is . or .."),
        ("c", "..", "interface name is . or .."),
        ("c", "a/b", "interface name contains / or : or whitespace characters"),
        ("c", "test:test", "interface name contains / or : or whitespace characters"),
        ("c", " net1", "interface name contains / or : or whitespace characters"),
        ("c", "net1\n", "interface name contains / or : or whitespace characters"),
        ("c", "net\u00a01", "interface name contains / or : or whitespace characters"),
    ],
)
def test_container_ids_and_interfaces_keep_to_the_rules_of_skel(
    node: Node, server: Scripted, container_id: str, interface: str, msg: str
) -> None:
    outcome = refused(node, server, CNI_CONTAINERID=container_id, CNI_IFNAME=interface)
    assert outcome.error["msg"] == msg


@pytest.mark.parametrize("character", [b"\r\n", b"\n", b"\r", b"\x01", b"\t", b"\x1b", b"\x7f"])
@pytest.mark.parametrize("name", ["CNI_NETNS", "CNI_ARGS", "CNI_PATH"])
@pytest.mark.parametrize("command", ["ADD", "CHECK", "GC", "STATUS"])
def test_no_value_can_break_out_of_its_header(
    node: Node, server: Scripted, name: str, character: bytes, command: str
) -> None:
    value = b"/opt" + character + b"Authorization: Bearer forged"
    outcome = refused(node, server, command=command, **{name: value})
    assert name in outcome.error["msg"]
    assert node.kept == []


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("CNI_CONTAINERID", 512, "containerID is longer than 512 characters"),
        ("CNI_NETNS", 8000, "CNI_NETNS has more than 8000 bytes"),
        ("CNI_ARGS", 8000, "CNI_ARGS has more than 8000 bytes"),
        ("CNI_PATH", 8000, "CNI_PATH has more than 8000 bytes"),
    ],
)
def test_a_value_that_no_server_would_read_is_refused(
    node: Node, server: Scripted, name: str, limit: int, said: str
) -> None:
    outcome = refused(node, server, **{name: "x" * (limit + 1)})
    assert outcome.error["msg"] == said
    assert node.call(**{name: "x" * limit}).exit_status == 0


@pytest.mark.parametrize("name", ["CNI_NETNS", "CNI_ARGS", "CNI_PATH"])
@pytest.mark.parametrize("value", [b"x" * 8001, b"a\nCNI-Command: ADD", b"\x7f", b"\xff"])
def test_a_del_is_sent_without_its_unsendable_values(
    node: Node, server: Scripted, name: str, value: bytes
) -> None:
    """A pod may bring such CNI_ARGS by its annotations: its DELs would fail, or be kept, for ever."""
    assert node.call("DEL", **{name: value}).exit_status == 0
    (request,) = server.requests
    header = {"CNI_NETNS": "CNI-NetNS", "CNI_ARGS": "CNI-Args", "CNI_PATH": "CNI-Path"}[name]
    assert header.encode() not in dict(request.headers)
    assert (request.command, node.kept) == ("DEL", [])


def test_bytes_beyond_ascii_reach_the_server_unchanged(node: Node, server: Scripted) -> None:
    netns = b"/run/netns/caf\xc3\xa9-\xff"
    assert node.call(CNI_NETNS=netns).exit_status == 0
    assert server.requests[0].get("CNI-NetNS") == netns


def test_unreadable_input_is_code_5(node: Node, server: Scripted, tmp_path: Path) -> None:
    with (tmp_path / "for-writing").open("wb") as unreadable:
        outcome = node.call(stdin=unreadable)
    assert outcome.code == 5
    assert "error reading from stdin" in outcome.error["msg"]
    assert server.requests == []


def test_closed_input_is_code_5(node: Node, server: Scripted) -> None:
    close = "import posix; posix.close(0)"
    assert node.call(before=close, stdin=subprocess.DEVNULL).code == 5
    assert server.requests == []


def padded(size: int) -> bytes:
    """A network configuration of so many bytes."""
    start, end = b'{"cniVersion": "0.4.0", "name": "n", "prevResult": "', b'"}'
    return start + b"x" * (size - len(start) - len(end)) + end


@pytest.mark.parametrize("command", ["ADD", "CHECK", "STATUS", "GC"])
def test_a_configuration_above_the_limit_is_code_5_and_not_sent(
    node: Node, server: Scripted, command: str
) -> None:
    outcome = node.call(command, netconf=padded(MAX_NETCONF_BYTES + 1))
    assert outcome.code == 5
    assert outcome.error["msg"] == "the network configuration has more than 1048576 bytes"
    assert "nothing was sent" in outcome.error["details"]
    assert server.requests == []


@pytest.mark.parametrize("command", ["ADD", "DEL"])
def test_a_configuration_of_exactly_the_limit_is_sent(
    node: Node, server: Scripted, command: str
) -> None:
    netconf = padded(MAX_NETCONF_BYTES)
    assert node.call(command, netconf=netconf).exit_status == 0
    assert server.requests[0].body == netconf


@pytest.mark.parametrize("over", [1, 3 * MAX_NETCONF_BYTES])
def test_a_del_is_sent_without_a_configuration_above_the_limit(
    node: Node, server: Scripted, over: int
) -> None:
    assert node.call("DEL", netconf=padded(MAX_NETCONF_BYTES + over)).exit_status == 0
    assert server.asked == [("DEL", "ctr-new")]
    assert server.requests[0].body == OMITTED_NETCONF


def test_a_del_is_kept_without_a_configuration_above_the_limit(node: Node) -> None:
    with closed_port() as dead:
        node.configure(dead)
        assert node.call("DEL", netconf=padded(MAX_NETCONF_BYTES + 1)).exit_status == 0
    (entry,) = node.spool.iterdir()
    assert entry.read_bytes().endswith(OMITTED_NETCONF)
    assert entry.stat().st_size < 4096


def test_an_add_in_the_plugins_own_namespace_is_code_8(node: Node, server: Scripted) -> None:
    outcome = node.call(CNI_NETNS=OWN_NETNS)
    assert outcome.code == 8
    assert "should not be the same" in outcome.error["msg"]
    assert server.requests == []


@pytest.mark.parametrize("yes", ["1", "true", "TRUE", "True"])
def test_the_namespace_check_can_be_overridden(node: Node, server: Scripted, yes: str) -> None:
    assert node.call(CNI_NETNS=OWN_NETNS, CNI_NETNS_OVERRIDE=yes).exit_status == 0
    assert server.requests[0].get("CNI-NetNS") == OWN_NETNS.encode()


def test_an_override_that_says_no_overrides_nothing(node: Node, server: Scripted) -> None:
    assert node.call(CNI_NETNS=OWN_NETNS, CNI_NETNS_OVERRIDE="0").code == 8
    assert server.requests == []


def test_a_del_in_the_plugins_own_namespace_still_releases(node: Node, server: Scripted) -> None:
    with serving(reply(200)) as other:
        node.configure(other.url)
        assert node.call("DEL", CNI_NETNS=OWN_NETNS).exit_status == 0
    assert other.asked == [("DEL", "ctr-new")]
    assert server.requests == []


@pytest.mark.parametrize(
    ("netconf", "version"),
    [
        (b'{"cniVersion": "1.0.0", "name": "n"}', "1.0.0"),
        (b'{"CNIVersion": "0.4.0"}', "0.4.0"),
        (b'  {"cniVersion": "a\\"b\\u0001"}', 'a"b\x01'),
        (b'{"cniVersion": {"a": 1}}', "1.1.0"),
        (b"not json", "1.1.0"),
        (b"[" * 100_000, "1.1.0"),
        (b"\xff\xfe", "1.1.0"),
        (b"", "1.1.0"),
    ],
)
def test_an_error_carries_the_cni_version_of_the_configuration(
    node: Node, netconf: bytes, version: str
) -> None:
    assert node.call(netconf=netconf).error["cniVersion"] == version
