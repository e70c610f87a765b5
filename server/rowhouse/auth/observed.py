"""The objects of one kind in one cluster, kept up to date by a watch, for servers that need them with each ADD.

A process watches from its first question on, in one thread per kind and cluster, so any number of processes and servers
work beside each other. The objects count only while the watch is open. Without it, the caller sends a request for each
object instead.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import httpx2
import msgspec
import structlog

from rowhouse.auth.fetch import trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rowhouse.auth.clusters import TrustedCluster

_log = structlog.get_logger(__name__)
ObjectName = tuple[str, str]
_Kept = TypeVar("_Kept")

MAX_OBJECTS: Final = 200_000
"""Further objects are not kept: a request reads them."""
_WATCH_SECONDS: Final = 240
"""The API server ends a watch after this time; bookmarks come before that, so the next watch continues there."""
_MAX_SILENCE_SECONDS: Final = 30.0
"""How long after `timeoutSeconds` a watch may stay silent before its connection counts as dead."""
_GRACE_SECONDS: Final = 5.0
"""How long the objects still count after a watch has ended: the next one usually opens at once."""
_BRIEF_SECONDS: Final = 1.0
_MIN_PAUSE_SECONDS: Final = 0.5
_MAX_PAUSE_SECONDS: Final = 60.0
_MAX_LINE_BYTES: Final = 8 * 1024 * 1024
_PAGE: Final = 500
_GONE: Final = 410
_NOT_FOUND: Final = 404


class Metadata(msgspec.Struct, gc=False):
    """What is read of an object's metadata."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""  # noqa: N815 - Kubernetes' spelling
    annotations: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    ownerReferences: list[dict[str, Any]] | None = None  # noqa: N815 - as above


class _ListMetadata(msgspec.Struct):
    resourceVersion: str = ""  # noqa: N815 - as above
    remaining: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct):
    metadata: _ListMetadata
    items: list[msgspec.Raw]


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Status(msgspec.Struct):
    code: int | None = None
    message: str | None = None


# Made once, here: msgspec (0.22) analyzes a type on first use, and two threads that do so at the same time crash.
_LISTS: Final = msgspec.json.Decoder(_List)
_EVENTS: Final = msgspec.json.Decoder(_Event)
_STATUSES: Final = msgspec.json.Decoder(_Status)


class Kind(msgspec.Struct, Generic[_Kept]):
    """What to watch: `paths` of its versions, of which one is served; `read` returns None for what is not kept."""

    name: str
    paths: Sequence[str]
    read: Callable[[msgspec.Raw], tuple[Metadata, _Kept | None]]


class _Expired(Exception):
    """The API server no longer knows the version after which to continue."""


class Observed(Generic[_Kept]):
    """The objects of a kind. Safe to share between threads; a forked process watches for itself."""

    def __init__(self, kind: Kind[_Kept], cluster: TrustedCluster) -> None:
        self._kind = kind
        self._cluster = cluster
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._objects: dict[ObjectName, _Kept] = {}
        self._is_listed = self._is_open = False
        self._closed_at = 0.0
        self._path = self._kind.paths[0]
        self._stop = threading.Event()
        self._socket: socket.socket | None = None
        self._reason = ""
        self._thread: threading.Thread | None = None

    def get(self, name: ObjectName) -> _Kept | None:
        """Return an object; None if it is not known here, which says nothing about whether it exists."""
        if self._thread is None or self._pid != os.getpid():
            self._start()
        if not self._is_listed:
            return None
        if not self._is_open and time.monotonic() - self._closed_at > _GRACE_SECONDS:
            return None
        return self._objects.get(name)

    def close(self) -> None:
        """End the watch."""
        self._stop.set()
        thread, connection = self._thread, self._socket
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if thread is not None and self._pid == os.getpid():
            thread.join()

    def _start(self) -> None:
        if self._pid != os.getpid():
            self._lock = threading.Lock()
        with self._lock:
            if self._thread is not None and self._pid == os.getpid():
                return
            self._begin()
            self._thread = threading.Thread(
                target=self._run, name=f"observe {self._kind.name}", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        # A separate generator: servers must not reconnect in step, and the global one must stay untouched.
        chance = random.Random()  # noqa: S311 - the backoff needs no secure randomness
        pause, version = _MIN_PAUSE_SECONDS, ""
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                with self._client() as client:
                    version = self._follow(client, version or self._list(client))
                self._note("")
                if time.monotonic() - began >= _BRIEF_SECONDS:
                    pause = _MIN_PAUSE_SECONDS
                    continue
            except _Expired:
                version = ""
                if time.monotonic() - began >= _BRIEF_SECONDS:
                    continue
            except Exception as error:  # noqa: BLE001 - the watch survives everything; callers use requests meanwhile
                if self._stop.is_set():
                    break
                if not isinstance(error, httpx2.TransportError):
                    version = (
                        ""  # an answer that is no watch, such as for a version of before a restore
                    )
                self._note(str(error) or type(error).__name__)
            self._stop.wait(pause * chance.uniform(0.5, 1.0))
            pause = min(pause * 2, _MAX_PAUSE_SECONDS)

    def _note(self, reason: str) -> None:
        if reason and reason != self._reason:
            _log.warning(
                "watch_for_owners_interrupted",
                kind=self._kind.name,
                cluster=self._cluster.cluster,
                reason=reason,
                hint="Until it works again, each ADD that needs one costs a request.",
            )
        self._reason = reason

    def _client(self) -> httpx2.Client:
        headers = {"Accept": "application/json", "User-Agent": "rowhouse"}
        if self._cluster.token_file:
            token = Path(self._cluster.token_file).read_text(encoding="ascii").strip()
            headers["Authorization"] = f"Bearer {token}"
        return httpx2.Client(
            base_url=self._cluster.api_server,
            verify=trust(self._cluster.ca_file),
            timeout=httpx2.Timeout(10.0, read=60.0),
            headers=headers,
            follow_redirects=False,
        )

    def _list(self, client: httpx2.Client) -> str:
        """Read all objects in pages; return the version to continue after."""
        found: dict[ObjectName, _Kept] = {}
        token = ""
        while not self._stop.is_set():
            more = {"continue": token} if token else {}
            page = _LISTS.decode(self._page(client, {"limit": str(_PAGE), **more}))
            for one in page.items:
                metadata, kept = self._kind.read(one)
                if kept is not None and len(found) < MAX_OBJECTS:
                    found[metadata.namespace, metadata.name] = kept
            token = page.metadata.remaining
            if not token:
                self._objects, self._is_listed = found, True
                return page.metadata.resourceVersion
        return ""

    def _page(self, client: httpx2.Client, query: dict[str, str]) -> bytes:
        for path in sorted(self._kind.paths, key=lambda one: one != self._path):
            answer = client.get(path, params=query)
            if answer.status_code == _NOT_FOUND:
                continue  # this version is not served
            self._path = path
            if answer.status_code == _GONE:
                raise _Expired
            answer.raise_for_status()
            return answer.content
        raise ValueError(f"the API server does not serve {self._kind.name}")

    def _follow(self, client: httpx2.Client, version: str) -> str:
        """Apply the events of one watch; return the version to continue after, "" to list again."""
        query = {
            "watch": "1",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH_SECONDS),
            "allowWatchBookmarks": "true",
        }
        timeout = httpx2.Timeout(10.0, read=_WATCH_SECONDS + _MAX_SILENCE_SECONDS)
        began, lines = time.monotonic(), 0
        with client.stream("GET", self._path, params=query, timeout=timeout) as answer:
            if answer.status_code == _GONE:
                raise _Expired
            answer.raise_for_status()
            stream = answer.extensions.get("network_stream")
            self._socket = stream.get_extra_info("socket") if stream is not None else None
            if self._stop.is_set():  # `close` may have looked for the connection before
                return version
            self._is_open = True
            try:
                for line in _lines(answer):
                    if self._stop.is_set():
                        break
                    lines += 1
                    version = self._apply(_EVENTS.decode(line)) or version
            finally:
                self._closed_at = time.monotonic()
                self._is_open = False
                self._socket = None
        # Not even a bookmark: after a restore of etcd, the version may be newer than the data.
        is_silent = not lines and time.monotonic() - began >= _BRIEF_SECONDS
        return "" if is_silent else version

    def _apply(self, event: _Event) -> str:
        if event.type == "ERROR":
            status = _STATUSES.decode(event.object)
            if status.code == _GONE:
                raise _Expired
            raise ValueError(f"the watch ended: {status.message}")
        metadata, kept = self._kind.read(event.object)
        name = metadata.namespace, metadata.name
        if event.type == "DELETED":
            self._objects.pop(name, None)
        elif event.type in {"ADDED", "MODIFIED"}:
            self._keep(name, kept)
        return metadata.resourceVersion

    def _keep(self, name: ObjectName, kept: _Kept | None) -> None:
        if kept is None:
            self._objects.pop(name, None)
        elif len(self._objects) < MAX_OBJECTS or name in self._objects:
            self._objects[name] = kept


def _lines(answer: httpx2.Response) -> Iterator[bytes]:
    rest = b""
    for piece in answer.iter_bytes():
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > _MAX_LINE_BYTES:
            raise ValueError(f"an event has more than {_MAX_LINE_BYTES} bytes")
        yield from filter(None, whole)
