"""Calls whose request arrives slowly wait here, and hold no thread meanwhile."""

import select
import threading
import time
from collections.abc import Callable

from rowhouse_node.agent.call import PluginCall

WAIT_SECONDS = 0.1  # for a byte; then it looks at deadlines, and at calls that came meanwhile


class SlowCalls:
    """Waits in one thread, which runs only while there is a call, for more bytes of each.

    ``go_on`` gets a call of which more can be read, or whose time to be read is over.
    """

    def __init__(self, go_on: Callable[[PluginCall], None]) -> None:
        self._go_on = go_on
        self._lock = threading.Lock()
        self._calls: dict[int, PluginCall] = {}  # by descriptor
        self._is_running = False

    def add(self, call: PluginCall) -> None:
        """Have a call wait."""
        with self._lock:
            self._calls[call.sock.fileno()] = call
            if not self._is_running:
                try:
                    threading.Thread(target=self._run, daemon=True).start()
                except RuntimeError:  # the system has no thread left
                    del self._calls[call.sock.fileno()]
                    raise
                self._is_running = True

    def _run(self) -> None:
        while True:
            poll = select.poll()
            with self._lock:
                if not self._calls:
                    self._is_running = False
                    return
                for descriptor in self._calls:
                    poll.register(descriptor, select.POLLIN)
            ready = {descriptor for descriptor, _ in poll.poll(WAIT_SECONDS * 1000)}
            now = time.monotonic()
            with self._lock:
                ready |= {one for one, call in self._calls.items() if now >= call.read_until}
                calls = [self._calls.pop(descriptor) for descriptor in ready]
            for call in calls:
                self._go_on(call)
