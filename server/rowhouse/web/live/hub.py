"""The one thread that looks at the database for everybody, and writes to all of them."""

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

from rowhouse.domain.errors import RowhouseError
from rowhouse.web.live.viewer import GoneError, Viewer, event

if TYPE_CHECKING:
    from collections.abc import Callable

_log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 2.0
"""Between two looks at the database; more where a look takes long."""

_SHARE: Final = 10
"""At most a tenth of the time is spent on looking."""

_LIFE_SECONDS: Final = 600.0
"""A stream ends then and the browser opens another: who may no longer see the pages is found out."""

_PING_SECONDS: Final = 15.0
_CHORE_SECONDS: Final = 60.0
_RANDOM: Final = SystemRandom()


@dataclass(slots=True, eq=False)
class Topic:
    """Something that is looked at: how its parts are made, what they were, and by whom.

    `parts` makes HTML by the id of the element that it replaces.
    """

    key: str
    parts: Callable[[], dict[str, str]]
    shown: dict[str, str] = field(default_factory=dict)
    viewers: set[Viewer] = field(default_factory=set)


class Hub:
    """Runs in a thread of its own; `add`, `mark` and `is_full` may be called from any other.

    Args:
        look: tells, by another answer than before, that something was written.
        chores: called now and then, whether anybody looks or not.
        most: viewers at the same time.
        every: seconds between two looks.
    """

    def __init__(
        self,
        look: Callable[[], str],
        chores: Callable[[], None],
        *,
        most: int,
        every: float = LOOK_SECONDS,
    ) -> None:
        self._look = look
        self._chores = chores
        self._most = most
        self._every = every
        self._topics: dict[str, Topic] = {}
        self._comers: deque[tuple[Topic, socket.socket, str]] = deque()
        self._selector = selectors.DefaultSelector()
        self._bell, self._button = socket.socketpair()
        self._viewers: dict[Viewer, Topic] = {}
        self._ours = secrets.token_hex(4)
        self._changes = 0
        self._seen = ""
        self._settles = False
        self._in_trouble = False

    @property
    def mark(self) -> str:
        """What the hub knows up to now; a page that was made at another mark may be out of date."""
        return f"{self._ours}-{self._changes}"

    @property
    def is_full(self) -> bool:
        """Whether nobody else may look."""
        return len(self._viewers) + len(self._comers) >= self._most

    def add(self, topic: Topic, connection: socket.socket, seen: str) -> None:
        """Let somebody look at a topic, who has seen it as it was at the mark `seen`."""
        self._comers.append((topic, connection, seen))
        self._button.send(b"!")

    def start(self) -> None:
        """Run until the process ends."""
        self._bell.settimeout(0)
        self._selector.register(self._bell, selectors.EVENT_READ)
        threading.Thread(target=self._run, daemon=True, name="live").start()

    def _run(self) -> None:
        next_look = next_chores = time.monotonic()
        while True:
            self._wait(min(next_look, next_chores) if self._viewers else next_chores)
            now = time.monotonic()
            if self._viewers and now >= next_look:
                self._guarded(self._look_again)
                spent = time.monotonic() - now
                next_look = time.monotonic() + max(self._every, _SHARE * spent)
            if now >= next_chores:
                self._guarded(self._chores)
                next_chores = time.monotonic() + _CHORE_SECONDS
            self._look_after(now)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except RowhouseError as error:
            _log.debug("live", error=error.message)
        except Exception:  # noqa: BLE001 - the thread has to live
            _log.exception("live_failed")

    def _wait(self, until: float) -> None:
        """Until then, or for the next viewer who comes, goes or can take more."""
        timeout = min(max(until - time.monotonic(), 0), _PING_SECONDS)
        for key, ready in self._selector.select(timeout):
            viewer = key.data
            if viewer is None:
                self._bell.recv(4096)
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
        while self._comers:
            wanted, connection, seen = self._comers.popleft()
            now = time.monotonic()
            # So that not all who came together come again together.
            life = _LIFE_SECONDS * _RANDOM.uniform(0.8, 1.2)
            try:
                viewer = Viewer(connection, until=now + life, now=now)
                self._selector.register(connection, selectors.EVENT_READ, viewer)
            except (OSError, ValueError):
                connection.close()
                continue
            topic = self._topics.setdefault(wanted.key, wanted)
            topic.viewers.add(viewer)
            self._viewers[viewer] = topic
            # Whoever comes with an older mark may have missed something.
            self._send(viewer, event("hello" if seen == self.mark else "stale", None, self.mark))

    def _look_again(self) -> None:
        try:
            seen = self._look()
            written = seen != self._seen
            if written or self._settles:
                self._changes += written
                for topic in list(self._topics.values()):
                    self._show(topic)
        except RowhouseError as error:
            if not self._in_trouble:
                self._tell_all(event("trouble", error.message, self.mark))
            self._in_trouble = True
            raise
        # Only now: a look that failed is made up for by the next one.
        self._seen, self._settles = seen, written
        if self._in_trouble:
            self._in_trouble = False
            self._tell_all(event("fine", None, self.mark))

    def _show(self, topic: Topic) -> None:
        """Send the parts of a topic that are not as they were; the first time, all of them."""
        parts = topic.parts()
        changed = [(name, html) for name, html in parts.items() if topic.shown.get(name) != html]
        topic.shown = parts
        if changed:
            data = b"".join(
                event("part", {"id": name, "html": html}, self.mark) for name, html in changed
            )
            for viewer in list(topic.viewers):
                self._send(viewer, data)

    def _tell_all(self, data: bytes) -> None:
        for viewer in list(self._viewers):
            self._send(viewer, data)

    def _look_after(self, now: float) -> None:
        """End what is over, and show the others (and what is between us) that we are here."""
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
