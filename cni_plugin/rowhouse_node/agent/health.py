"""Which servers are worth a try.

A server that refuses at once costs nothing, and is tried after the others. One that let a call time out is not tried
again until a probe succeeds, so it costs one timeout and not one per call.
"""

import threading
import time
from random import SystemRandom

from rowhouse_cni.server_url import Server

SLOW_SECONDS = 1.0  # a slower failure costs too much to be repeated by each call
FIRST_PAUSE_SECONDS = 0.5  # until a server is probed, doubled with each failure
MAX_PAUSE_SECONDS = 8.0
RANDOM = SystemRandom()


class Health:
    """What past calls have shown about the servers, by URL."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, int] = {}
        self._slow: set[str] = set()
        self._due: dict[str, float] = {}  # when it may be probed: time.monotonic()
        self.last_success = float("-inf")

    def worth_asking(self, servers: list[Server]) -> list[Server]:
        """The servers in the order to try them, without those that make calls wait."""
        if not self._failures:
            return servers
        with self._lock:
            found = [server for server in servers if server.url not in self._slow]
            found.sort(key=lambda server: server.url in self._failures)
        return found

    def succeeded(self, server: Server) -> None:
        """Note that the server gave an answer."""
        self.last_success = time.monotonic()
        if server.url in self._failures:
            with self._lock:
                self._failures.pop(server.url, None)
                self._slow.discard(server.url)

    def failed(self, server: Server, seconds: float) -> None:
        """Note that the server gave none, and how long that took."""
        with self._lock:
            count = self._failures[server.url] = self._failures.get(server.url, 0) + 1
            if seconds >= SLOW_SECONDS:
                self._slow.add(server.url)
            pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(count - 1, 10), MAX_PAUSE_SECONDS)
            # A thousand agents must not probe at the same time.
            self._due[server.url] = time.monotonic() + pause * RANDOM.uniform(0.5, 1.5)

    def due(self, servers: list[Server]) -> list[Server]:
        """The servers that failed and should be probed now."""
        if not self._failures:
            return []
        now = time.monotonic()
        with self._lock:
            return [s for s in servers if s.url in self._failures and self._due[s.url] <= now]

    def is_any_up(self, servers: list[Server]) -> bool:
        """Whether any of them has not failed since it last answered."""
        return any(server.url not in self._failures for server in servers)

    def down(self, servers: list[Server]) -> int:
        """How many have failed since they last answered."""
        return sum(server.url in self._failures for server in servers)
