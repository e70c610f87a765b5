"""What the objects in the cluster are, as far as is known: listed once, then watched."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import httpx2
import structlog
from lightkube import ApiError

from rowhouse.k8s.client import explain
from rowhouse.k8s.mirror.wanted import LEFT_OUT, Holder, Reserved
from rowhouse.k8s.whereabouts.resources import IPPool, OverlappingRangeIPReservation

if TYPE_CHECKING:
    from lightkube import Client

_log = structlog.get_logger(__name__)
_PAGE: Final = 500
_WATCH_SECONDS: Final = 240
_LONGEST_PAUSE: Final = 30.0
_SOON: Final = 0.5

POOLS: Final = "ippools"
RESERVATIONS: Final = "overlappingrangeipreservations"
KINDS: Final[dict[str, Any]] = {POOLS: IPPool, RESERVATIONS: OverlappingRangeIPReservation}


@dataclass(frozen=True, slots=True)
class SeenPool:
    """An IPPool: key → holder."""

    version: str
    range: str
    allocations: dict[str, Holder]
    left_out: str
    annotated: bool
    """Whether it has any annotation."""


@dataclass(frozen=True, slots=True)
class SeenReservation:
    """An OverlappingRangeIPReservation."""

    version: str
    content: Reserved


Seen: TypeAlias = "SeenPool | SeenReservation"


def seen_of(obj: Any) -> Seen:
    """What matters of an object of either kind, as lightkube gives it."""
    spec = obj.get("spec") or {}
    metadata = obj.metadata
    version = str(metadata.resourceVersion)
    if isinstance(obj, IPPool):
        return SeenPool(
            version,
            str(spec.get("range", "")),
            {key: _holder(value) for key, value in (spec.get("allocations") or {}).items()},
            (metadata.annotations or {}).get(LEFT_OUT, ""),
            bool(metadata.annotations),
        )
    return SeenReservation(
        version, Reserved(str(spec.get("podref", "")), str(spec.get("ifname", "")))
    )


def _holder(value: dict[str, Any]) -> Holder:
    return Holder(
        str(value.get("id", "")), str(value.get("podref", "")), str(value.get("ifname", ""))
    )


@dataclass(frozen=True, slots=True)
class _Event:
    kind: str
    name: str
    seen: Seen | None
    """None: it was deleted."""


@dataclass(frozen=True, slots=True)
class _Behind:
    """The watch of a kind knows no more what happened: it must be listed anew."""

    kind: str
    watch: threading.Thread


@dataclass
class SeenObjects:
    """The objects of one namespace. Only `edits` and the lists change it: one thread's.

    Args:
        client: of the cluster.
        namespace: where the objects are.
        stop: ends the watches.
    """

    client: Client
    namespace: str
    stop: threading.Event
    objects: dict[str, dict[str, Seen]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    _ours: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in KINDS})
    """The versions that we wrote and that the watch has not told of yet; so are the names that we deleted."""
    _news: queue.SimpleQueue[_Event | _Behind] = field(default_factory=queue.SimpleQueue)
    _watches: dict[str, threading.Thread] = field(default_factory=dict)

    def get(self, kind: str, name: str) -> Seen | None:
        """What is known of an object."""
        return self.objects[kind].get(name)

    def learn(self, kind: str, name: str, seen: Seen | None, *, by_us: bool = False) -> None:
        """An object was read, or written `by_us`; None: there is none."""
        if by_us:
            self._ours[kind].add(name if seen is None else seen.version)
        if seen is None:
            self.objects[kind].pop(name, None)
        else:
            self.objects[kind][name] = seen

    def read(self, kind: str, *, watch: bool) -> None:
        """Reads all objects of a kind, and watches them from then on. Raises TryAgain."""
        try:
            found = self.client.list(KINDS[kind], namespace=self.namespace, chunk_size=_PAGE)
            self.objects[kind] = {str(obj.metadata.name): seen_of(obj) for obj in found}
            self._ours[kind].clear()
            version = found.resourceVersion
        except httpx2.HTTPError as error:
            raise explain(error, f"a list of {kind} in {self.namespace}") from error
        if watch and not (kind in self._watches and self._watches[kind].is_alive()):
            self._watches[kind] = _Watch(self, kind, version)
            self._watches[kind].start()

    def edits(self) -> tuple[list[tuple[str, str]], list[str]]:
        """What others changed meanwhile, (kind, name); and the kinds that must be listed anew."""
        changed, behind = [], []
        while not self._news.empty():
            news = self._news.get()
            if isinstance(news, _Behind):
                if self._watches.get(news.kind) is news.watch:
                    del self._watches[news.kind]
                    behind.append(news.kind)
                continue
            ours, mark = self._ours[news.kind], news.seen.version if news.seen else news.name
            if mark in ours:
                ours.discard(mark)
                continue
            known = self.get(news.kind, news.name)
            if news.seen is None or known is None or known.version != news.seen.version:
                if known is not None or news.seen is not None:
                    changed.append((news.kind, news.name))
                self.learn(news.kind, news.name, news.seen)
        return changed, behind

    @property
    def has_edits(self) -> bool:
        """Whether `edits` has something to say."""
        return not self._news.empty()

    def tell(self, news: _Event | _Behind) -> None:
        """For the watches."""
        self._news.put(news)


class _Watch(threading.Thread):
    """Watches a kind from a version on, through dropped connections, until that version is too old."""

    def __init__(self, seen: SeenObjects, kind: str, version: str) -> None:
        super().__init__(name=f"mirror-{kind}", daemon=True)
        self._seen = seen
        self._kind = kind
        self._version = version

    def run(self) -> None:
        """Tell of each event."""
        pause = _SOON
        while not self._seen.stop.is_set():
            try:
                self._watch()
                pause = _SOON
            except ApiError as error:
                if error.status.code == HTTPStatus.GONE:
                    break
                _log.info("mirror_watch_interrupted", kind=self._kind, reason=str(error))
            except (httpx2.HTTPError, ValueError) as error:  # ValueError: half a line
                _log.info("mirror_watch_interrupted", kind=self._kind, reason=str(error))
            self._seen.stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        self._seen.tell(_Behind(self._kind, self))

    def _watch(self) -> None:
        for event, obj in self._seen.client.watch(
            KINDS[self._kind],
            namespace=self._seen.namespace,
            server_timeout=_WATCH_SECONDS,
            resource_version=self._version,
        ):
            if self._seen.stop.is_set():
                return
            self._version = str(obj.metadata.resourceVersion)
            if event != "BOOKMARK":
                gone = event == "DELETED"
                name = str(obj.metadata.name)
                self._seen.tell(_Event(self._kind, name, None if gone else seen_of(obj)))
