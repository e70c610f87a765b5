"""The observed objects in the cluster: listed once, then watched."""

from __future__ import annotations

import queue
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rowhouse.domain.checks import Checks
from rowhouse.k8s.failures import ERRORS, explain, failure_of
from rowhouse.k8s.mirror.desired import Holder, Reserved
from rowhouse.k8s.mirror.slices import SlicePool
from rowhouse.k8s.watch import Watch
from rowhouse.k8s.whereabouts.annotations import NETWORK, ours
from rowhouse.k8s.whereabouts.resources import IPPool, NodeSlicePool, OverlappingRangeIPReservation

if TYPE_CHECKING:
    import threading

    from rowhouse.k8s.client import KubernetesClient

_PAGE: Final = 500

POOLS: Final = "ippools"
RESERVATIONS: Final = "overlappingrangeipreservations"
SLICE_POOLS: Final = "nodeslicepools"
KINDS: Final[dict[str, Any]] = {
    POOLS: IPPool,
    RESERVATIONS: OverlappingRangeIPReservation,
    SLICE_POOLS: NodeSlicePool,
}


@dataclass(frozen=True, slots=True)
class ObservedPool:
    """An IPPool: key → holder. `annotations` are ours; `annotated`: it has any."""

    version: str
    range: str
    allocations: dict[str, Holder]
    annotations: dict[str, str]
    annotated: bool


@dataclass(frozen=True, slots=True)
class ObservedReservation:
    """An OverlappingRangeIPReservation."""

    version: str
    content: Reserved
    annotated: bool


@dataclass(frozen=True, slots=True)
class ObservedSlicePool:
    """A NodeSlicePool."""

    version: str
    content: SlicePool
    annotations: dict[str, str]
    annotated: bool


Observed: TypeAlias = "ObservedPool | ObservedReservation | ObservedSlicePool"


def observe(obj: Any) -> Observed:
    """Return the relevant parts of an object from lightkube."""
    spec = obj.get("spec") or {}
    metadata = obj.metadata
    version = str(metadata.resourceVersion)
    annotations, annotated = ours(metadata.annotations), bool(metadata.annotations)
    if isinstance(obj, IPPool):
        return ObservedPool(
            version,
            str(spec.get("range", "")),
            {key: _holder(value) for key, value in (spec.get("allocations") or {}).items()},
            annotations,
            annotated,
        )
    if isinstance(obj, NodeSlicePool):
        listed = (obj.get("status") or {}).get("allocations") or []
        content = SlicePool(
            range=str(spec.get("range", "")),
            size=str(spec.get("sliceSize", "")),
            slices=tuple(
                (str(one.get("nodeName", "")), str(one.get("sliceRange", ""))) for one in listed
            ),
        )
        return ObservedSlicePool(version, content, annotations, annotated)
    reserved = Reserved(
        str(spec.get("podref", "")), str(spec.get("ifname", "")), annotations.get(NETWORK)
    )
    return ObservedReservation(version, reserved, annotated)


def _holder(value: dict[str, Any]) -> Holder:
    return Holder(
        str(value.get("id", "")), str(value.get("podref", "")), str(value.get("ifname", ""))
    )


@dataclass(frozen=True, slots=True)
class _Event:
    kind: str
    name: str
    observed: Observed | None
    """None: it was deleted."""


@dataclass(frozen=True, slots=True)
class _Behind:
    """The watch of a kind has lost events: the kind must be listed again."""

    kind: str
    watch: threading.Thread


@dataclass
class ObservedObjects:
    """The objects of one namespace. Only `edits` and the lists change it, in one thread.

    Args:
        client: of the cluster.
        namespace: where the objects are.
        stop: ends the watches.
        checks: receives the state of each watch.
    """

    client: KubernetesClient
    namespace: str
    stop: threading.Event
    checks: Checks = field(default_factory=Checks)
    objects: dict[str, dict[str, Observed]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    is_unknown: set[str] = field(default_factory=set)
    """Kinds whose CRD the cluster does not have, by the last list."""
    _ours: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in KINDS})
    """Versions that we wrote and names that we deleted, until the watch reports them."""
    _news: queue.SimpleQueue[_Event | _Behind] = field(default_factory=queue.SimpleQueue)
    _watches: dict[str, threading.Thread] = field(default_factory=dict)

    def get(self, kind: str, name: str) -> Observed | None:
        """Return the observed state of an object."""
        return self.objects[kind].get(name)

    def learn(
        self, kind: str, name: str, observed: Observed | None, *, by_us: bool = False
    ) -> None:
        """An object was read, or written `by_us`; None: there is none."""
        if by_us:
            self._ours[kind].add(name if observed is None else observed.version)
        if observed is None:
            self.objects[kind].pop(name, None)
        else:
            self.objects[kind][name] = observed

    def read(self, kind: str, *, watch: bool) -> None:
        """List all objects of a kind, and watch them from then on. Raises TryAgain.

        whereabouts before v0.8 has no NodeSlicePool: then the list is empty, and none can be written.
        """
        self.is_unknown.discard(kind)
        try:
            found = self.client.list(KINDS[kind], namespace=self.namespace, chunk_size=_PAGE)
            self.objects[kind] = {str(obj.metadata.name): observe(obj) for obj in found}
            self._ours[kind].clear()
            version = found.resourceVersion
        except ERRORS as error:
            if kind == SLICE_POOLS and failure_of(error).is_unknown_kind:
                self.is_unknown.add(kind)
                self.objects[kind] = {}
                return
            raise explain(error, f"a list of {kind} in {self.namespace}") from error
        if watch and not (kind in self._watches and self._watches[kind].is_alive()):
            self._watches[kind] = self._watch(kind, version)
            self._watches[kind].start()

    def edits(self) -> tuple[list[tuple[str, str]], list[str]]:
        """Return the objects that others changed meanwhile, (kind, name), and the kinds to list again."""
        changed, behind = [], []
        while not self._news.empty():
            news = self._news.get()
            if isinstance(news, _Behind):
                if self._watches.get(news.kind) is news.watch:
                    del self._watches[news.kind]
                    behind.append(news.kind)
                continue
            ours, mark = (
                self._ours[news.kind],
                news.observed.version if news.observed else news.name,
            )
            if mark in ours:
                ours.discard(mark)
                continue
            known = self.get(news.kind, news.name)
            if news.observed is None or known is None or known.version != news.observed.version:
                if known is not None or news.observed is not None:
                    changed.append((news.kind, news.name))
                self.learn(news.kind, news.name, news.observed)
        return changed, behind

    @property
    def has_edits(self) -> bool:
        """Whether `edits` would return something."""
        return not self._news.empty()

    def _watch(self, kind: str, version: str) -> Watch:
        """Watch a kind from a version on, until the version has expired: then a list must come first."""
        first = [version]

        def begin() -> str | None:
            if first:
                return first.pop()
            self._news.put(_Behind(kind, watch))
            return None

        def tell(event: str, obj: Any) -> None:
            observed = None if event == "DELETED" else observe(obj)
            self._news.put(_Event(kind, str(obj.metadata.name), observed))

        watch = Watch(
            self.client,
            KINDS[kind],
            name=kind,
            namespace=self.namespace,
            begin=begin,
            tell=tell,
            stop=self.stop,
            checks=self.checks,
        )
        return watch
