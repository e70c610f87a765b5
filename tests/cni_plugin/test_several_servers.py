"""Trying the next server, or the same one again."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from cni_plugin.node import BRIEFLY
from cni_plugin.scripted import (
    RESULT,
    Behaviour,
    closed_port,
    raw,
    refusal,
    reply,
    reset,
    serving,
    silent,
    unreachable,
)
from rowhouse_cni.client import pause_after

if TYPE_CHECKING:
    from cni_plugin.node import Node

UNUSABLE: dict[str, Behaviour] = {
    "reset": reset,
    "cut short": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
    "bad gateway": reply(502, b"<html>"),
    "not now": refusal(503, 11, "the database is away"),
}


def test_a_refused_connection_leads_to_the_next_server(node: Node) -> None:
    with closed_port() as dead, serving(reply(200, RESULT)) as server:
        node.configure(dead, server.url)
        assert node.call().stdout == RESULT
    assert len(server.requests) == 1


@pytest.mark.parametrize("behaviour", UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_answer_leads_to_the_next_server(node: Node, behaviour: Behaviour) -> None:
    with serving(behaviour) as first, serving(reply(200, RESULT)) as second:
        node.configure(first.url, second.url)
        assert node.call().stdout == RESULT
    assert first.asked == second.asked == [("ADD", "ctr-new")]


def test_a_refusal_is_final_for_all_servers(node: Node) -> None:
    with serving(refusal(409, 100)) as first, serving(reply(200, RESULT)) as second:
        node.configure(first.url, second.url)
        assert node.call().code == 100
    assert second.requests == []


def test_servers_are_separated_by_blanks_or_commas(node: Node) -> None:
    with closed_port() as one, closed_port() as two, serving(reply(200, RESULT)) as three:
        node.configure(server=f"{one} {two},{three.url}")
        assert node.call().exit_status == 0


def test_a_silent_first_server_leaves_time_for_the_second(node: Node) -> None:
    with serving(silent) as first, serving(reply(200, RESULT)) as second:
        node.configure(first.url, second.url, timeout=2)
        assert node.call().stdout == RESULT


def test_an_unreachable_first_server_leaves_time_for_the_second(node: Node) -> None:
    with unreachable() as first, serving(reply(200, RESULT)) as second:
        node.configure(first, second.url, timeout=2)
        assert node.call().stdout == RESULT


def test_each_server_that_failed_is_named_with_its_reason(node: Node) -> None:
    with closed_port() as dead, serving(reply(502, b"<html>")) as proxy:
        node.configure(dead, proxy.url)
        details = node.call(before=BRIEFLY).error["details"]
    assert f"{dead}: Connection refused" in details
    assert f"{proxy.url}: HTTP 502, but not from Rowhouse" in details


def test_a_single_server_is_tried_again_at_once(node: Node) -> None:
    with serving(reset, reply(200, RESULT)) as server:
        node.configure(server.url)
        assert node.call().stdout == RESULT
    assert len(server.requests) == 2


def test_a_single_server_that_says_not_now_is_asked_again_by_an_add_after_a_pause(
    node: Node,
) -> None:
    with serving(refusal(503, 11, "overloaded"), reply(200, RESULT)) as server:
        node.configure(server.url)
        outcome = node.call()
    assert outcome.stdout == RESULT
    assert outcome.seconds > 0.5


@pytest.mark.parametrize(("command", "status"), [("ADD", 500), ("CHECK", 503), ("STATUS", 503)])
def test_a_permanent_error_or_an_expired_call_is_not_retried(
    node: Node, command: str, status: int
) -> None:
    with serving(refusal(status, 11, "the database is away")) as server:
        node.configure(server.url)
        assert node.call(command).error["msg"] == "the database is away"
    assert len(server.requests) == 1


def test_an_add_outlives_the_restart_of_its_only_server(node: Node) -> None:
    with serving(reset, reset, reset, reply(200, RESULT)) as server:
        node.configure(server.url)
        assert node.call().stdout == RESULT
    assert len(server.requests) == 4


def test_pauses_between_tries_differ_and_grow() -> None:
    """Nodes that lost their server at one moment must not come back at one moment."""
    first = {pause_after(1, None) for _ in range(50)}
    assert len(first) > 10
    assert 0.05 <= min(first) < max(first) <= 0.15
    assert pause_after(4, None) > max(first)


def test_no_server_fails_fast(node: Node) -> None:
    with closed_port() as dead:
        node.configure(dead, timeout=30)
        outcome = node.call()
    assert outcome.code == 11
    assert outcome.seconds < 10


def test_a_server_may_have_an_ipv6_address(node: Node) -> None:
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("needs IPv6 on the loopback interface")
    with serving(reply(200, RESULT), host="::1") as server:
        node.configure(server.url)
        assert node.call().stdout == RESULT
    assert server.requests[0].get("Host") == f"[::1]:{server.port}".encode()


def test_a_server_may_have_a_name(node: Node) -> None:
    with serving(reply(200, RESULT)) as server:
        node.configure(f"http://localhost:{server.port}")
        assert node.call().stdout == RESULT
    assert server.requests[0].get("Host") == f"localhost:{server.port}".encode()


def test_an_unknown_host_name_is_told_as_such(node: Node) -> None:
    node.configure("http://rowhouse.invalid:8080", timeout=10)
    assert "can't look up rowhouse.invalid" in node.call(before=BRIEFLY).error["details"]


def test_a_look_up_cannot_hold_a_call_beyond_its_timeout(node: Node) -> None:
    node.configure("http://rowhouse.example:8080", timeout=0.3)
    hang = "import _socket, _thread; _socket.getaddrinfo = lambda *_: "
    hang += "[lock.acquire() for lock in [_thread.allocate_lock()] for _ in (1, 2)]"
    outcome = node.call(before=BRIEFLY + hang)
    assert "looking up rowhouse.example took too long" in outcome.error["details"]
    assert outcome.seconds < 10
