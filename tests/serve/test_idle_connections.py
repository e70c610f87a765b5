"""Idle connections cost a descriptor and some memory: there may be thousands, and live pages count among them."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import ssl
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import trustme

from fixtures.servers import WITHOUT_DATABASE, serving
from rowhouse.serve.descriptors import OTHER_FILES
from rowhouse.settings import Settings
from rowhouse_node.agent.connections import MAX_IDLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fixtures.databases import Database
    from fixtures.servers import Server

FEW, POOL = 12, 4
MANY = 1500
ESTABLISHED = 1  # linux/tcp_states.h
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
LIVE = b"GET /live/overview HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
CONFIG = {
    "cniVersion": "1.0.0",
    "name": "idle",
    "ipam": {"type": "rowhouse", "ipRanges": [{"range": "10.0.0.0/24"}]},
}
POD = {
    "CNI-Command": "ADD",
    "CNI-ContainerID": "one",
    "CNI-IfName": "net1",
    "CNI-NetNS": "/var/run/netns/one",
    "CNI-Path": "/opt/cni/bin",
    "CNI-Args": "K8S_POD_NAMESPACE=default;K8S_POD_NAME=one",
    "Rowhouse-Node": "node1",
}


def connect(server: Server, context: ssl.SSLContext | None = None) -> socket.socket:
    address = urlsplit(server.url)
    sock = socket.create_connection((address.hostname, address.port), timeout=240)
    return context.wrap_socket(sock) if context else sock


def answered(connection: socket.socket, request: bytes = LIVEZ) -> bytes:
    """The beginning of the answer; b"" if the server has closed the connection."""
    with contextlib.suppress(ConnectionError):
        connection.sendall(request)
        return connection.recv(65536)
    return b""


def is_open(connection: socket.socket) -> bool:
    state: int = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state == ESTABLISHED


def logged(server: Server, event: str) -> dict[str, Any]:
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    found: dict[str, Any] = next(line for line in lines if line["event"] == event)
    return found


def limited(files: int, *, soft: bool = False) -> list[str]:
    return ["sh", "-c", f'ulimit {"-S" if soft else ""} -n {files}; exec "$@"', "sh"]


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may have few connections, because it may have few files."""
    environment = WITHOUT_DATABASE | {"ROWHOUSE_POOL_SIZE": str(POOL)}
    with serving(
        tmp_path_factory.mktemp("few"),
        arguments=["--threads", "2"],
        environment=environment,
        within=limited(FEW + OTHER_FILES + POOL),
    ) as running:
        yield running


def test_a_low_limit_of_files_is_named(few: Server) -> None:
    warning = logged(few, "connections_limited")
    assert (warning["level"], warning["connections"]) == ("warning", FEW)
    assert "ulimit" in warning["hint"]


def test_the_limit_of_files_is_raised_as_far_as_needed(tmp_path: Path) -> None:
    environment = WITHOUT_DATABASE | {"ROWHOUSE_MAX_CONNECTIONS": "300"}
    with (
        serving(tmp_path, environment=environment, within=limited(100, soft=True)) as server,
        contextlib.ExitStack() as stack,
    ):
        assert logged(server, "connection_limit")["connections"] == 300
        kept = [stack.enter_context(connect(server)) for _ in range(200)]
        for _ in range(2):
            for one in kept:
                assert answered(one).startswith(b"HTTP/1.1 200")


def test_live_pages_count_and_leave_room_for_others(few: Server) -> None:
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(connect(few)) for _ in range(FEW // 2)]
        for page in pages:
            assert b"text/event-stream" in answered(page, LIVE)
        # A page counts from the moment after its headers.
        while not answered(stack.enter_context(connect(few)), LIVE).startswith(b"HTTP/1.1 503"):
            pass
        others = [stack.enter_context(connect(few)) for _ in range(FEW)]
        for one in others:  # each makes room by closing an idle one
            assert answered(one).startswith(b"HTTP/1.1 200")
        assert sum(bool(answered(one)) for one in others) <= FEW // 2
        for page in pages:
            assert is_open(page)


def test_an_idle_connection_is_closed_after_the_time_in_the_settings(tmp_path: Path) -> None:
    environment = WITHOUT_DATABASE | {"ROWHOUSE_KEEP_ALIVE": "1"}
    with serving(tmp_path, environment=environment) as server, connect(server) as connection:
        assert answered(connection).startswith(b"HTTP/1.1 200")
        assert connection.recv(65536) == b""


def test_an_agent_closes_its_idle_connections_before_the_server_does() -> None:
    assert Settings.model_fields["keep_alive"].default > MAX_IDLE_SECONDS


@pytest.fixture
def many_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.slow
@pytest.mark.usefixtures("many_files")
def test_an_add_is_served_beside_thousands_of_idle_tls_connections(
    database: Database, tmp_path: Path
) -> None:
    certificate = tmp_path / "server.pem"
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    unverified = ssl._create_unverified_context()
    with (
        serving(
            tmp_path,
            arguments=["--threads", "2", "--tls-cert", str(certificate)],
            environment={
                "ROWHOUSE_DATABASE_URL": database.url,
                "ROWHOUSE_KEEP_ALIVE": "3600",  # a busy machine takes long for so many handshakes
            },
        ) as server,
        contextlib.ExitStack() as stack,
    ):
        idle = []
        for _ in range(MANY):
            one = stack.enter_context(connect(server, unverified))
            assert answered(one).startswith(b"HTTP/1.1 200")
            idle.append(one)
        add = urllib.request.Request(server.url + "/cni", json.dumps(CONFIG).encode(), POD)
        with urllib.request.urlopen(add, context=trusting) as served:
            assert "10.0.0.1/24" in served.read().decode()
        for one in idle:  # none was closed to make room
            assert answered(one).startswith(b"HTTP/1.1 200")
