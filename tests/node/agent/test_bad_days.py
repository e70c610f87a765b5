"""A full disk, a wrong token, a server that never answers, clients that send slowly."""

from __future__ import annotations

import resource
import socket
from typing import TYPE_CHECKING

import pytest

from cni_plugin.scripted import RESULT, Request, closed_port, good, refusal, silent
from node.agent.deployed import eventually, keeping_alive

if TYPE_CHECKING:
    from node.agent.deployed import Deployed

# Code for `before`: the plugin's own disk is as full as the agent's.
FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))
"""


def fill_disk(deployed: Deployed, *, is_full: bool) -> None:
    """From now on, no file of the daemon gets more than 16 bytes."""
    assert deployed.process is not None
    _, hard = resource.prlimit(deployed.process.pid, resource.RLIMIT_FSIZE)
    limits = (16 if is_full else hard, hard)
    resource.prlimit(deployed.process.pid, resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("direct", [True, False])
def test_a_del_that_can_not_be_kept_fails_and_leaves_nothing_behind(
    deployed: Deployed, *, direct: bool
) -> None:
    with closed_port() as url:
        deployed.start(url, more=(f"--direct={str(direct).lower()}",))
        fill_disk(deployed, is_full=True)
        outcome = deployed.call("DEL", before=FULL)
        assert outcome.code == 11
        assert "can't be kept" in outcome.error["msg"]
        assert "free disk space" in outcome.error["details"]
        assert deployed.node.kept == []
        assert deployed.metric("agent_kept_total") == 0
        fill_disk(deployed, is_full=False)
        assert deployed.call("DEL").exit_status == 0
        assert deployed.node.kept == ["ctr-new@net1"]
        assert deployed.metric("agent_kept_total") == 1


def test_a_plugin_keeps_the_del_that_the_agent_can_not(deployed: Deployed) -> None:
    """The agent's disk may be another one than the host's, or its container may be at a limit."""
    with closed_port() as url:
        deployed.start(url)
        fill_disk(deployed, is_full=True)
        assert deployed.call("DEL").exit_status == 0
        assert deployed.node.kept == ["ctr-new@net1"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_not_accepted_is_a_clear_error(deployed: Deployed, status: int) -> None:
    with keeping_alive(refusal(status, 110, "this token is not accepted")) as server:
        deployed.start(server.url, more=("--direct=false",))
        asked = len(server.requests)
        error = deployed.call().error
        assert (error["code"], error["msg"]) == (110, "this token is not accepted")
        # The same token is not tried again.
        assert [one.command for one in server.requests[asked:]].count("ADD") == 1


def test_a_del_waits_for_a_token_that_is_accepted(deployed: Deployed) -> None:
    def accepts_the_new_one(connection: socket.socket, request: Request) -> None:
        is_new = request.get("Authorization") == b"Bearer token-2"
        (good if is_new else refusal(401, 110))(connection, request)

    with keeping_alive(accepts_the_new_one) as server:
        deployed.start(server.url, more=("--direct=false",))
        assert deployed.call("DEL").exit_status == 0
        assert deployed.node.kept == ["ctr-new@net1"]
        deployed.host.project("token-2")
        eventually(lambda: deployed.node.kept == [])


def test_a_del_that_the_token_may_never_make_fails(deployed: Deployed) -> None:
    """A later try would not help, and the runtime should see why."""
    with keeping_alive(refusal(403, 110, "bound to another node")) as server:
        deployed.start(server.url, more=("--direct=false",))
        assert deployed.call("DEL").error["msg"] == "bound to another node"
        assert deployed.node.kept == []


def test_a_server_that_never_answers_fails_an_add_in_time_and_keeps_a_del(
    deployed: Deployed,
) -> None:
    with keeping_alive(silent) as server:
        deployed.start(server.url, more=("--direct=false", "--timeout=2"))
        error = deployed.call().error
        assert error["code"] == 11
        assert deployed.call("DEL", CNI_CONTAINERID="other").exit_status == 0
        assert deployed.node.kept == ["other@net1"]
        assert deployed.socket.exists()  # the agent was not taken for hung
        eventually(lambda: deployed.metric("agent_servers_down") == 1)
        server.behave = good
        eventually(lambda: deployed.node.kept == [])
        assert deployed.call().stdout == RESULT


def test_a_server_that_never_answers_stops_no_other(deployed: Deployed) -> None:
    with keeping_alive(silent) as dead, keeping_alive(good) as server:
        deployed.start(dead.url, server.url, more=("--direct=false",))
        assert deployed.call().stdout == RESULT
        assert deployed.call("DEL", CNI_CONTAINERID="other").exit_status == 0
        assert deployed.node.kept == []


HEAD = b"POST /cni HTTP/1.1\r\nCNI-Command: ADD\r\nRowhouse-Call: 1\r\n"


def whole(deployed: Deployed, length: int) -> bytes:
    """The head of a request."""
    settings = str(deployed.node.settings).encode()
    more = b"Rowhouse-Settings: %b\r\nRowhouse-Deadline: 1e18\r\nContent-Length: %d\r\n\r\n"
    return HEAD + more % (settings, length)


@pytest.mark.parametrize("length", [0, 100, 1 << 20], ids=["head", "body", "large"])
def test_requests_that_arrive_slowly_or_never_hold_no_thread(
    deployed: Deployed, length: int
) -> None:
    """Of the 64, each but the first would hold one of the 16 threads for five seconds, or as long as it likes."""
    with keeping_alive(good) as server:
        deployed.start(server.url, more=("--direct=false",))
        bare = [deployed.call() for _ in range(3)]
        start = whole(deployed, length) + b"x" if length else HEAD
        slow = [socket.socket(socket.AF_UNIX) for _ in range(64)]
        for sock in slow:
            sock.connect(str(deployed.socket))
            sock.sendall(start)
        during = []
        for _ in range(3):
            for sock in slow:
                try:
                    sock.sendall(b"x")
                except OSError:
                    continue  # it was refused: too many large ones
            during.append(deployed.call())
        assert [one.stdout for one in during] == [RESULT] * 3
        assert min(one.seconds for one in during) < min(one.seconds for one in bare) + 2
        # In the end, each is refused: its request had five seconds in all.
        for sock in slow:
            sock.settimeout(240)
            answer = b""
            while b"\r\n\r\n" not in answer.replace(b"102 Processing\r\n\r\n", b""):
                answer += sock.recv(1000)
            assert b"HTTP/1.1 400 " in answer
            sock.close()
        eventually(lambda: deployed.metric("agent_active_calls") == 0)
        assert deployed.call().stdout == RESULT


def test_a_request_in_pieces_is_carried(deployed: Deployed) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url, more=("--direct=false",))
        pieces = [HEAD[:30], whole(deployed, 70_000)[30:] + b" " * 10, b" " * 69_980, b" " * 10]
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(240)
            sock.connect(str(deployed.socket))
            for piece in pieces[:-1]:
                sock.sendall(piece)
                assert sock.recv(1000).startswith(b"HTTP/1.1 102 ")  # the agent goes on waiting
            sock.sendall(pieces[-1])
            answer = b""
            while b"HTTP/1.1 200 " not in answer:
                answer += sock.recv(1000)
        request = next(one for one in server.requests if one.command == "ADD")
        assert request.body == b" " * 70_000
