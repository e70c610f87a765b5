"""Calls through the agent: what a server gets, what the plugin prints, and what is left out on the way."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import trustme

from cni_plugin.node import ENVIRONMENT, TOKEN
from cni_plugin.scripted import (
    RESULT,
    foreign,
    good,
    refusal,
    reply,
    reset,
    unreachable,
)
from node.agent.deployed import eventually, keeping_alive, reserved
from rowhouse_cni.agent import ask_agent
from rowhouse_cni.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.agent.deployed import Deployed, KeptServer


def test_a_call_is_the_same_request_and_the_same_answer_as_without_an_agent(
    deployed: Deployed,
) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        through = deployed.call(netconf=b'{"a":  1}\n')
        deployed.kill()
        direct = deployed.call(netconf=b'{"a":  1}\n')
    assert (through.exit_status, through.stdout) == (0, RESULT)
    assert (direct.exit_status, direct.stdout, direct.stderr) == (0, RESULT, through.stderr)
    requests = [request for request in server.requests if request.command == "ADD"]
    first, second = (
        {
            name.lower(): value
            for name, value in request.headers
            if name not in {b"Rowhouse-Call", b"Rowhouse-Timeout", b"Connection"}
        }
        for request in requests
    )
    assert first == second
    assert first[b"authorization"] == f"Bearer {TOKEN}".encode()
    assert [request.body for request in requests] == [b'{"a":  1}\n'] * 2
    assert [request.line for request in requests] == [b"POST /cni HTTP/1.1"] * 2


def test_many_calls_take_one_connection_and_no_token_file(deployed: Deployed) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url, more=("--direct=false",))
        assert not (deployed.host.config / "token").exists()
        for _ in range(5):
            assert deployed.call().stdout == RESULT
        assert deployed.call("DEL").exit_status == 0
        # The second may be that of a STATUS of the daemon at the same time.
        assert deployed.metric("agent_connections_total") <= 2


def test_tls_is_verified(deployed: Deployed) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = deployed.host.root / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    with keeping_alive(good, tls=context) as server:
        deployed.start(server.url, more=(f"--ca-source={ca_file}", "--direct=false"))
        assert deployed.call().stdout == RESULT
        trustme.CA().cert_pem.write_to_path(ca_file)
        deployed.kill()
        asked = len(server.requests)
        deployed.start(server.url, more=(f"--ca-source={ca_file}", "--direct=false"))
        assert deployed.call().code == 11
        assert len(server.requests) == asked


@pytest.fixture
def over_tls(deployed: Deployed) -> Iterator[KeptServer]:
    """A server with TLS, and a node that reaches it through its agent alone."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = deployed.host.root / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    with keeping_alive(good, tls=context) as server:
        deployed.start(server.url, more=(f"--ca-source={ca_file}", "--direct=false"))
        yield server


def test_a_tls_session_is_resumed_again_and_again(deployed: Deployed, over_tls: KeptServer) -> None:
    assert deployed.call().exit_status == 0
    for _ in range(3):
        over_tls.drop()
        assert deployed.call().exit_status == 0
        newest = over_tls.connections[-1]
        assert isinstance(newest, ssl.SSLSocket)
        assert newest.session_reused


def test_calls_over_tls_leave_no_memory_behind(deployed: Deployed, over_tls: KeptServer) -> None:
    settings = load({b"ROWHOUSE_CONFIG": os.fsencode(deployed.node.settings)})

    def calls(number: int) -> None:
        for _ in range(number):
            lines = [b"CNI-Command: ADD", b"CNI-ContainerID: c1", b"CNI-IfName: net1"]
            answer = ask_agent(settings, "ADD", lines, b"{}", time.monotonic() + 30)
            assert answer is not None
            assert answer.body == RESULT

    calls(300)
    before = deployed.resident_bytes
    calls(1500)
    # Before the fix: 9 MiB.
    assert deployed.resident_bytes - before < 3 * 1024 * 1024
    assert over_tls.opened < 10


@pytest.mark.parametrize("behave", [reset, lambda connection, _request: connection.close()])
def test_a_kept_connection_that_dies_costs_nothing(deployed: Deployed, behave: object) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url, more=("--direct=false",))
        assert deployed.call().exit_status == 0
        turns = iter([behave])

        def once(connection: socket.socket, request: object) -> None:
            next(turns, good)(connection, request)  # type: ignore[operator]
            if behave is reset and server.behave is once:
                server.behave = good
                connection.close()

        server.behave = once
        assert deployed.call("CHECK").exit_status == 0
        server.behave = good
        server.drop()
        assert deployed.call().stdout == RESULT


def test_a_renewed_token_is_used(deployed: Deployed) -> None:
    def accepts_the_new_one(connection: socket.socket, request: object) -> None:
        is_new = request.get("Authorization") == b"Bearer token-2"  # type: ignore[attr-defined]
        (good if is_new else refusal(401, 110))(connection, request)  # type: ignore[arg-type]

    with keeping_alive(good) as server:
        deployed.start(server.url, more=("--direct=false",))
        assert deployed.call().exit_status == 0
        server.behave = accepts_the_new_one
        deployed.host.project("token-2")
        assert deployed.call().stdout == RESULT  # read again at the refusal


def test_a_refusal_is_passed_on_as_it_is(deployed: Deployed) -> None:
    with keeping_alive(refusal(400, 101, "taken")) as server:
        deployed.start(server.url)
        asked = len(server.requests)
        assert deployed.call().error["msg"] == "taken"
        assert [one.command for one in server.requests[asked:]].count("ADD") == 1


def test_a_foreign_server_swallows_no_del(deployed: Deployed) -> None:
    with keeping_alive(foreign(200, b"{}")) as server:
        deployed.start(server.url)
        assert deployed.call("DEL").exit_status == 0
        assert deployed.node.kept == ["ctr-new@net1"]


def test_a_dead_first_server_costs_one_time_out(deployed: Deployed) -> None:
    with keeping_alive(good) as server, unreachable() as dead:
        deployed.start(dead, server.url, more=("--direct=false",))
        assert deployed.call().stdout == RESULT
        eventually(lambda: deployed.metric("agent_servers_down") == 1)
        outcomes = [deployed.call() for _ in range(5)]
    assert [outcome.stdout for outcome in outcomes] == [RESULT] * 5
    assert max(outcome.seconds for outcome in outcomes) < 2.5  # less than a connection may take


def test_a_server_that_returns_is_asked_again(deployed: Deployed) -> None:
    with reserved() as (url, port):
        deployed.start(url, more=("--direct=false",))
        assert deployed.call("CHECK").code == 11
        with keeping_alive(good, on=port):
            assert deployed.call().stdout == RESULT


def test_a_configuration_of_the_largest_size_passes(deployed: Deployed) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url, more=("--direct=false",))
        assert deployed.call(netconf=b" " * (1 << 20)).stdout == RESULT
    assert 1 << 20 in [len(one.body) for one in server.requests]


def test_settings_of_another_installation_go_their_own_way(deployed: Deployed) -> None:
    with keeping_alive(good) as ours, keeping_alive(good) as theirs:
        deployed.start(ours.url)
        asked = len(ours.requests)
        node = deployed.node
        node.settings = node.folder / "other.conf"
        node.configure(theirs.url, agent=deployed.socket)
        assert node.call().stdout == RESULT
        assert [one.command for one in theirs.requests] == ["ADD"]
        assert "ADD" not in [one.command for one in ours.requests[asked:]]


def test_only_root_and_the_daemons_user_may_call(deployed: Deployed) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        assert deployed.socket.stat().st_mode & 0o777 == 0o600
        if os.geteuid() != 0:
            pytest.skip("only root can become another user")
        for folder in (deployed.host.root, *deployed.host.root.parents):
            folder.chmod(folder.stat().st_mode | 0o011)
        deployed.socket.chmod(0o666)  # so that the credentials alone decide
        program = """
import os, socket, sys
os.setgid(65534); os.setuid(65534)
with socket.socket(socket.AF_UNIX) as sock:
    sock.connect(sys.argv[1])
    try:
        sock.sendall(b"POST /cni HTTP/1.1\\r\\nCNI-Command: ADD\\r\\n\\r\\n")
        sys.exit(len(sock.recv(100)))
    except ConnectionError:
        sys.exit(0)
"""
        done = subprocess.run([sys.executable, "-c", program, str(deployed.socket)], check=False)
        assert done.returncode == 0
        eventually(lambda: deployed.metric("agent_foreign_callers_total") == 1)
        assert "ADD" not in [one.command for one in server.requests]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /cni HTTP/1.1\r\n\r\n",
        (
            b"POST /cni HTTP/1.1\r\nCNI-Command: ADD\r\nRowhouse-Call: 1\r\n"
            b"Rowhouse-Settings: /x\r\nRowhouse-Deadline: nan\r\nContent-Length: 9999999\r\n\r\n"
        ),
        b"POST /cni HTTP/1.1\r\nCNI-Args: a\nAuthorization: x\r\n\r\n",
        b"\xff" * 200_000,
    ],
)
def test_a_malformed_request_is_refused_and_harms_no_other(
    deployed: Deployed, request_: bytes
) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url, more=("--direct=false",))
        asked = len(server.requests)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(240)
            sock.connect(str(deployed.socket))
            answer = b""
            try:
                sock.sendall(request_)
                answer = sock.recv(1000)
            except ConnectionError:
                pass
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
        assert "ADD" not in [one.command for one in server.requests[asked:]]
        assert deployed.call().stdout == RESULT


def test_a_deadline_that_is_no_number_costs_no_thread(deployed: Deployed) -> None:
    lines = [
        b"POST /cni HTTP/1.1",
        b"CNI-Command: CHECK",
        b"Rowhouse-Call: 77",
        b"Rowhouse-Settings: " + str(deployed.node.settings).encode(),
        b"Rowhouse-Deadline: nan",
        b"Content-Length: 2",
        b"",
        b"{}",
    ]
    with keeping_alive(good) as server:
        deployed.start(server.url, more=("--direct=false",))
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(240)
                sock.connect(str(deployed.socket))
                sock.sendall(b"\r\n".join(lines))
                assert sock.recv(1000).startswith(b"HTTP/1.1 400 ")
        assert deployed.call().stdout == RESULT


def test_nothing_else_than_the_calls_own_headers_reaches_a_server(deployed: Deployed) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        settings = deployed.node.settings
        lines = [
            b"POST /cni HTTP/1.1",
            b"CNI-Command: CHECK",
            b"Authorization: Bearer stolen",
            b"X-Forwarded-For: 1.2.3.4",
            b"Transfer-Encoding: chunked",
            b"Rowhouse-Call: 77",
            b"Rowhouse-Settings: " + str(settings).encode(),
            b"Rowhouse-Deadline: 1e18",
            b"Content-Length: 2",
            b"",
            b"{}",
        ]
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(240)
            sock.connect(str(deployed.socket))
            sock.sendall(b"\r\n".join(lines))
            assert sock.recv(1000).startswith(b"HTTP/1.1 200 ")
        request = next(one for one in server.requests if one.command == "CHECK")
        assert request.get("Authorization") == f"Bearer {TOKEN}".encode()
        assert request.get("X-Forwarded-For") is None
        assert request.get("Transfer-Encoding") is None


def test_an_agent_loads_nothing_of_tls_and_no_token_into_the_plugin(deployed: Deployed) -> None:
    from cni_plugin.test_start_up import REPORT, modules  # noqa: PLC0415

    with keeping_alive(reply(200, RESULT)) as server:
        deployed.start(server.url)
        loaded = modules(deployed.call(before=REPORT).stderr)
    assert "_socket" in loaded
    assert loaded.isdisjoint({"_ssl", "ssl", "socket", "fcntl", "rowhouse_cni.tls"})
    assert ENVIRONMENT
