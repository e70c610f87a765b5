"""A load of HTTP requests from one thread over many kept-alive connections: cheap, as it shares the machine."""

from __future__ import annotations

import selectors
import socket
import time
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
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.began = 0.0

    def send(self, request: bytes) -> None:
        self.received = b""
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def complete(self) -> bool:
        """Reads what is there; whether the answer is whole."""
        self.received += self.socket.recv(65536)
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return False
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        return len(body) >= int(length or b"0")


def load(url: str, request_of: Callable[[int], bytes], *, connections: int, seconds: float) -> Load:
    """Sends request_of(0), request_of(1), … over `connections`, each as soon as the last is answered."""
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    latencies: list[float] = []
    failed = number = 0
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        for _ in range(connections):
            connection = _Connection(address)
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
                if now < ends:
                    connection.send(request_of(number))
                    number += 1
                else:
                    selector.unregister(connection.socket)
                    connection.socket.close()
                    waiting -= 1
        took = time.perf_counter() - began
    return Load(len(latencies) / took, tuple(sorted(latencies)), failed)
