"""What the server gets to see of a call."""

from __future__ import annotations

import os

import pytest

from cni_plugin.node import ENVIRONMENT, TOKEN, Node
from cni_plugin.scripted import RESULT, reply, serving

AWKWARD_NETCONF = b'\n {"name": "\xff\x00", "cniVersion": "1.0.0"}\r\n\r\n  ' + b"x" * 300_000


def test_a_request_is_one_post_with_the_whole_environment_in_headers(node: Node) -> None:
    with serving(reply(200, RESULT)) as server:
        node.configure(server.url, node="node2", cluster="prod-a")
        assert node.call(netconf=b'{"name": "n"}').exit_status == 0
    (request,) = server.requests
    assert request.line == b"POST /cni HTTP/1.1"
    timeout = request.get("Rowhouse-Timeout")
    assert timeout
    assert 0 < float(timeout) <= 5
    call = request.get("Rowhouse-Call")
    assert call
    changing = {(b"Rowhouse-Timeout", timeout), (b"Rowhouse-Call", call)}
    assert sorted(set(request.headers) - changing) == [
        (b"Authorization", b"Bearer " + TOKEN.encode()),
        (b"CNI-Args", ENVIRONMENT["CNI_ARGS"].encode()),
        (b"CNI-Command", b"ADD"),
        (b"CNI-ContainerID", b"ctr-new"),
        (b"CNI-IfName", b"net1"),
        (b"CNI-NetNS", b"/some/where"),
        (b"CNI-Path", b"/opt/cni/bin"),
        (b"Connection", b"close"),
        (b"Content-Length", b"13"),
        (b"Content-Type", b"application/json"),
        (b"Host", f"127.0.0.1:{server.port}".encode()),
        (b"Rowhouse-Cluster", b"prod-a"),
        (b"Rowhouse-Node", b"node2"),
        (b"User-Agent", b"rowhouse-cni/0.1.0"),
    ]
    assert request.body == b'{"name": "n"}'


@pytest.mark.parametrize("netconf", [b"", b"not json at all", AWKWARD_NETCONF])
def test_the_network_configuration_is_passed_on_byte_for_byte(node: Node, netconf: bytes) -> None:
    with serving(reply(200, RESULT)) as server:
        node.configure(server.url)
        assert node.call(netconf=netconf).exit_status == 0
    assert server.requests[0].body == netconf


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_is_not_set_has_no_header(node: Node, nothing: str | None) -> None:
    with serving(reply(200)) as server:
        node.configure(server.url, token_file="")
        assert node.call("DEL", CNI_NETNS=nothing, CNI_ARGS=nothing).exit_status == 0
    (request,) = server.requests
    names = {name for name, _ in request.headers}
    assert names.isdisjoint({b"CNI-NetNS", b"CNI-Args", b"Authorization", b"Rowhouse-Cluster"})


def test_the_node_is_nodename_or_else_the_host_name(node: Node) -> None:
    with serving(reply(200, RESULT)) as server:
        node.configure(server.url)
        node.call(NODENAME="from-environment")
        node.call()
    assert server.requests[0].get("Rowhouse-Node") == b"from-environment"
    assert server.requests[1].get("Rowhouse-Node") == os.uname().nodename.encode()


def test_a_prefix_of_the_url_stays(node: Node) -> None:
    with serving(reply(200, RESULT)) as server:
        node.configure(server.url + "/ipam/")
        assert node.call().exit_status == 0
    assert server.requests[0].line == b"POST /ipam/cni HTTP/1.1"


def test_every_call_reads_the_token_again(node: Node) -> None:
    with serving(reply(200, RESULT)) as server:
        node.configure(server.url)
        node.call()
        node.token.write_text("another.token")
        node.call()
    assert [r.get("Authorization") for r in server.requests] == [
        f"Bearer {TOKEN}".encode(),
        b"Bearer another.token",
    ]


@pytest.mark.parametrize(
    "content", ["", "s3cret\ns3cret", "s3cret s3cret", "s3cret\0", "s3cret\u00e9"]
)
def test_a_token_file_that_holds_no_token_stops_the_call(node: Node, content: str) -> None:
    node.token.write_text(content)
    with serving(reply(200, RESULT)) as server:
        node.configure(server.url)
        outcome = node.call()
    assert outcome.code == 11
    assert str(node.token) in outcome.error["msg"]
    assert b"s3cret" not in outcome.stdout + outcome.stderr
    assert server.requests == []


def test_proxy_variables_are_not_looked_at(node: Node) -> None:
    with serving(reply(200, RESULT)) as server, serving(reply(502)) as proxy:
        node.configure(server.url)
        assert node.call(http_proxy=proxy.url, HTTP_PROXY=proxy.url).exit_status == 0
    assert proxy.requests == []
