"""A load of HTTP requests from one thread over many kept-alive connections: cheap, as it shares the machine.

`load` sends as fast as it is answered; `paced` sends so many a second, answered or not.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: answers a second, each answer's seconds in ascending order, failures."""

    rate: float
    latencies: tuple[float, ...]
    failed: int

    def percentile(self, share: float) -> float:
        """The latency in seconds that a `share` (0 to 1) of the answers did not exceed."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class _Connection:
    def __init__(self, address: tuple[str, int], trust: ssl.SSLContext | None) -> None:
        self._address = address
        self._trust = trust
        self.sent = self.received = b""
        self.began = 0.0
        self.open()
        if isinstance(self.socket, ssl.SSLSocket):
            self.socket.settimeout(None)
            self.socket.do_handshake()
            self.socket.settimeout(0)
            self._is_ready = True

    def open(self) -> None:
        """Connect. A TLS handshake is only prepared."""
        self.socket = socket.create_connection(self._address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(0)
        self._is_ready = self._trust is None
        if self._trust is not None:
            self.socket = self._trust.wrap_socket(
                self.socket, server_hostname=self._address[0], do_handshake_on_connect=False
            )

    def send(self, request: bytes) -> None:
        self.sent = request
        self.received = b""
        self.began = time.perf_counter()
        self._go_on()

    def send_afresh(self, request: bytes) -> None:
        """Send it on a new connection."""
        began = time.perf_counter()
        self.socket.close()
        self.open()
        self.send(request)
        self.began = began

    def _go_on(self) -> None:
        """Send the request, once there is TLS. All that is sent fits into the buffers of the kernel."""
        if not self._is_ready and isinstance(self.socket, ssl.SSLSocket):
            try:
                self.socket.do_handshake()
            except ssl.SSLWantReadError:
                return
            self._is_ready = True
        self.socket.sendall(self.sent)

    def complete(self) -> bool:
        """Reads what is there; whether the answer is whole."""
        if not self._is_ready:
            self._go_on()
            return False
        try:
            self.received += self.socket.recv(65536)
        except ssl.SSLWantReadError:  # a session ticket
            return False
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return False
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        return len(body) >= int(length or b"0")


def load(
    url: str,
    request_of: Callable[[int], bytes],
    *,
    connections: int,
    seconds: float,
    on_answer: Callable[[bytes, bytes], None] | None = None,
    trust: ssl.SSLContext | None = None,
    afresh: bool = False,
) -> Load:
    """Sends request_of(0), request_of(1), … over `connections`, each as soon as the last is answered.

    `on_answer` is told the request and what came of it. `trust` is for an https URL. `afresh`: on a new connection for
    each request.
    """
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    latencies: list[float] = []
    failed = number = 0
    opened = [_Connection(address, trust) for _ in range(connections)]
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(request_of(number))
            number += 1
        ends = began + seconds
        waiting = connections
        while waiting:
            for key, _events in selector.select():
                connection = key.data
                if not connection.complete():
                    continue
                now = time.perf_counter()
                latencies.append(now - connection.began)
                failed += not connection.received.startswith(b"HTTP/1.1 200")
                if on_answer is not None:
                    on_answer(connection.sent, connection.received)
                if now < ends and afresh:
                    selector.unregister(connection.socket)
                    connection.send_afresh(request_of(number))
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                    number += 1
                elif now < ends:
                    connection.send(request_of(number))
                    number += 1
                else:
                    selector.unregister(connection.socket)
                    connection.socket.close()
                    waiting -= 1
        took = time.perf_counter() - began
    return Load(len(latencies) / took, tuple(sorted(latencies)), failed)


def paced(
    url: str,
    request_of: Callable[[int], bytes],
    *,
    rate: float,
    connections: int,
    seconds: float,
    on_answer: Callable[[bytes, bytes], None] | None = None,
    trust: ssl.SSLContext | None = None,
) -> Load:
    """Sends `rate` requests a second. A latency counts from the moment when its request was due.

    So a server that falls behind is seen to do so: a request that finds no free connection waits, and
    its wait is part of its latency.
    """
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    idle = deque(_Connection(address, trust) for _ in range(connections))
    latencies: list[float] = []
    failed = sent = 0
    total = int(rate * seconds)
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        while len(latencies) < total:
            now = time.perf_counter()
            while sent < total and idle and began + sent / rate <= now:
                connection = idle.popleft()
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                connection.send(request_of(sent))
                connection.began = began + sent / rate
                sent += 1
            due = began + sent / rate - time.perf_counter() if sent < total and idle else 1.0
            for key, _events in selector.select(max(0.0, due)):
                connection = key.data
                if connection.complete():
                    latencies.append(time.perf_counter() - connection.began)
                    failed += not connection.received.startswith(b"HTTP/1.1 200")
                    if on_answer is not None:
                        on_answer(connection.sent, connection.received)
                    selector.unregister(connection.socket)
                    idle.append(connection)
        took = time.perf_counter() - began
    for connection in idle:
        connection.socket.close()
    return Load(len(latencies) / took, tuple(sorted(latencies)), failed)
