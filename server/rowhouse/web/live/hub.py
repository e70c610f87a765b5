"""The thread that polls the database for all viewers and sends them changes."""

from __future__ import annotations

import secrets
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Final

import structlog

from rowhouse.domain.errors import NotFound, RowhouseError
from rowhouse.web.live.viewer import GoneError, Viewer, event

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 2.0
"""The interval between two polls of the database; longer if a poll takes long."""

_SHARE: Final = 10
"""Polling takes at most a tenth of the time."""

_MAX_STREAM_SECONDS: Final = 600.0
"""A stream ends after this time. The browser opens another, which checks the access again."""

_PING_SECONDS: Final = 15.0
_CHORE_SECONDS: Final = 60.0
_RANDOM: Final = SystemRandom()


@dataclass(slots=True, eq=False)
class Topic:
    """The live parts of a page: how to render them, what was sent, and the viewers.

    `parts` returns HTML by the id of the element that it replaces, and raises NotFound once the page is gone. Viewers
    share a topic by its `key`, which therefore has all that decides what they may see.
    """

    key: Hashable
    parts: Callable[[], dict[str, str]]
    shown: dict[str, str] = field(default_factory=dict)
    viewers: set[Viewer] = field(default_factory=set)


class Hub:
    """Runs in its own thread. Other threads may call `add`, `mark` and `is_full`.

    Args:
        read_version: its result changes after every write to the database.
        chores: called once a minute, with or without viewers.
        max_viewers: the maximum number of simultaneous viewers.
        every: seconds between two polls.
    """

    def __init__(
        self,
        read_version: Callable[[], str],
        chores: Callable[[], None],
        *,
        max_viewers: int,
        every: float = POLL_SECONDS,
    ) -> None:
        self._read_version = read_version
        self._chores = chores
        self._max_viewers = max_viewers
        self._every = every
        self._topics: dict[Hashable, Topic] = {}
        self._joining: deque[tuple[Topic, socket.socket, str]] = deque()
        self._selector = selectors.DefaultSelector()
        self._wakeup_reader, self._wakeup_writer = socket.socketpair()
        self._viewers: dict[Viewer, Topic] = {}
        self._ours = secrets.token_hex(4)
        self._changes = 0
        self._version = ""
        self._settles = False
        self._is_failing = False

    @property
    def mark(self) -> str:
        """The state of the hub. A page rendered at another mark may be out of date."""
        return f"{self._ours}-{self._changes}"

    @property
    def size(self) -> int:
        """The number of viewers."""
        return len(self._viewers) + len(self._joining)

    @property
    def is_full(self) -> bool:
        """Whether the maximum number of viewers is reached."""
        return self.size >= self._max_viewers

    def add(self, topic: Topic, connection: socket.socket, seen: str) -> None:
        """Add a viewer of a topic; its page was rendered at the mark `seen`."""
        self._joining.append((topic, connection, seen))
        self._wakeup_writer.send(b"!")

    def start(self) -> None:
        """Run until the process ends."""
        self._wakeup_reader.settimeout(0)
        self._selector.register(self._wakeup_reader, selectors.EVENT_READ)
        threading.Thread(target=self._run, daemon=True, name="live").start()

    def _run(self) -> None:
        next_poll = next_chores = time.monotonic()
        while True:
            self._wait(min(next_poll, next_chores) if self._viewers else next_chores)
            now = time.monotonic()
            if self._viewers and now >= next_poll:
                self._guarded(self._poll)
                spent = time.monotonic() - now
                next_poll = time.monotonic() + max(self._every, _SHARE * spent)
            if now >= next_chores:
                self._guarded(self._chores)
                next_chores = time.monotonic() + _CHORE_SECONDS
            self._end_and_ping(now)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except RowhouseError as error:
            _log.debug("live", error=error.message)
        except Exception:  # noqa: BLE001 - the thread must keep running
            _log.exception("live_failed")

    def _wait(self, until: float) -> None:
        """Wait until that time, or until a viewer joins, leaves or can receive more."""
        timeout = min(max(until - time.monotonic(), 0), _PING_SECONDS)
        for key, ready in self._selector.select(timeout):
            viewer = key.data
            if viewer is None:
                self._wakeup_reader.recv(4096)
                self._admit()
            elif viewer in self._viewers:
                self._attend(viewer, ready)

    def _attend(self, viewer: Viewer, ready: int) -> None:
        try:
            if ready & selectors.EVENT_READ:
                viewer.listen()
            if ready & selectors.EVENT_WRITE:
                viewer.flush()
                self._watch(viewer)
        except GoneError:
            self._remove(viewer)

    def _admit(self) -> None:
        while self._joining:
            wanted, connection, seen = self._joining.popleft()
            now = time.monotonic()
            # Random, so that viewers that joined together do not reconnect together.
            seconds = _MAX_STREAM_SECONDS * _RANDOM.uniform(0.8, 1.2)
            try:
                viewer = Viewer(connection, until=now + seconds, now=now)
                self._selector.register(connection, selectors.EVENT_READ, viewer)
            except (OSError, ValueError):
                connection.close()
                continue
            topic = self._topics.setdefault(wanted.key, wanted)
            topic.viewers.add(viewer)
            self._viewers[viewer] = topic
            # A viewer with an older mark may have missed something.
            self._send(viewer, event("hello" if seen == self.mark else "stale", None, self.mark))

    def _poll(self) -> None:
        try:
            seen = self._read_version()
            written = seen != self._version
            if written or self._settles:
                self._changes += written
                for topic in list(self._topics.values()):
                    self._show(topic)
        except RowhouseError as error:
            if not self._is_failing:
                self._send_to_all(event("trouble", error.message, self.mark))
            self._is_failing = True
            raise
        # Set last, so that the next poll repeats a failed one.
        self._version, self._settles = seen, written
        if self._is_failing:
            self._is_failing = False
            self._send_to_all(event("fine", None, self.mark))

    def _show(self, topic: Topic) -> None:
        """Send the parts of a topic that changed; the first time, all parts. End the streams of a page that is gone."""
        try:
            parts = topic.parts()
        except NotFound:
            for viewer in list(topic.viewers):
                self._send(viewer, event("gone", None, self.mark))
                self._remove(viewer)
            return
        changed = [(name, html) for name, html in parts.items() if topic.shown.get(name) != html]
        topic.shown = parts
        if changed:
            data = b"".join(
                event("part", {"id": name, "html": html}, self.mark) for name, html in changed
            )
            for viewer in list(topic.viewers):
                self._send(viewer, data)

    def _send_to_all(self, data: bytes) -> None:
        for viewer in list(self._viewers):
            self._send(viewer, data)

    def _end_and_ping(self, now: float) -> None:
        """Close expired streams, and ping the others so that proxies keep them open."""
        for viewer in list(self._viewers):
            if now >= viewer.until:
                self._remove(viewer)
            elif now >= viewer.pinged + _PING_SECONDS:
                viewer.pinged = now
                self._send(viewer, b":\n\n")

    def _send(self, viewer: Viewer, data: bytes) -> None:
        try:
            viewer.put(data)
        except GoneError:
            self._remove(viewer)
        else:
            self._watch(viewer)

    def _watch(self, viewer: Viewer) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if viewer.is_behind else 0)
        if self._selector.get_key(viewer.connection).events != events:
            self._selector.modify(viewer.connection, events, viewer)

    def _remove(self, viewer: Viewer) -> None:
        topic = self._viewers.pop(viewer, None)
        if topic is None:
            return
        topic.viewers.discard(viewer)
        if not topic.viewers:
            self._topics.pop(topic.key, None)
        self._selector.unregister(viewer.connection)
        viewer.close()
