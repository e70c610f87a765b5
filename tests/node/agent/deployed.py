"""A node as it is deployed: the daemon with its agent, and the plugin with the settings that the daemon writes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cni_plugin.node import TOKEN, Node
from cni_plugin.scripted import MAX_WAIT_SECONDS, Behaviour, Request, Scripted, read_request
from fixtures import daemons
from node.host import Host

if TYPE_CHECKING:
    import ssl
    import subprocess
    from collections.abc import Callable, Iterator


def eventually(claim: Callable[[], bool]) -> None:
    until = time.monotonic() + 240
    while not claim():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)


class Deployed:
    """A host, its daemon, and calls of the plugin on it."""

    def __init__(self, folder: Path) -> None:
        self.host = Host(folder / "host")
        self.host.project(TOKEN)
        self.node = Node(folder)
        self.node.settings = self.host.config / "rowhouse.conf"
        self.node.spool = self.host.state / "spool"
        self.socket = self.host.root / "agent.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *urls: str, more: tuple[str, ...] = ()) -> None:
        """Start the daemon; wait until its agent listens."""
        self.host.server = ",".join(urls)
        arguments = self.host.arguments("run", "v1", "--period=0.2", *more)
        self.process = daemons.start(arguments, self.host.log)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, as any crash."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """SIGTERM, as an upgrade begins."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=240) == 0
        self.process = None

    def call(self, command: str = "ADD", **options: Any) -> Any:
        return self.node.call(command, **options)

    def metric(self, name: str) -> float:
        found = re.search(r"port (\d+)", self.host.log.read_text())
        assert found
        with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        value = re.search(rf"^rowhouse_node_{name} (\S+)$", text, re.MULTILINE)
        assert value, text
        return float(value[1])

    @property
    def resident_bytes(self) -> int:
        """Memory of the daemon."""
        assert self.process is not None
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    @property
    def aside(self) -> Path:
        return self.socket.with_name(self.socket.name + ".hung")


@contextlib.contextmanager
def reserved() -> Iterator[tuple[str, socket.socket]]:
    """A URL at which no server is yet, and the socket on which one can begin."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}", bound


@contextlib.contextmanager
def keeping_alive(
    behave: Behaviour, *, tls: ssl.SSLContext | None = None, on: socket.socket | None = None
) -> Iterator[KeptServer]:
    """A scripted server that answers one request after another on a connection."""
    server = KeptServer(behave, tls, on)
    try:
        yield server
    finally:
        server.close()


class KeptServer(Scripted):
    """Counts its connections; `drop` closes them all."""

    def __init__(
        self, behave: Behaviour, tls: ssl.SSLContext | None, on: socket.socket | None
    ) -> None:
        self.listener = on or socket.create_server(("127.0.0.1", 0))
        self.listener.listen()
        port = self.listener.getsockname()[1]
        super().__init__(f"{'https' if tls else 'http'}://127.0.0.1:{port}", port)
        self.behave = behave
        self.tls = tls
        self.connections: list[socket.socket] = []
        self.opened = 0
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self.opened += 1
        with contextlib.suppress(OSError, ValueError):
            connection.settimeout(MAX_WAIT_SECONDS)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.connections.append(connection)
            while True:
                request: Request = read_request(connection, read_body=True)
                self.requests.append(request)
                self.behave(connection, request)
        connection.close()

    def drop(self) -> None:
        """Close all connections, as an idle time-out does."""
        connections, self.connections = self.connections, []
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop()
        self.thread.join(MAX_WAIT_SECONDS)
