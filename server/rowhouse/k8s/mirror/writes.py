"""Writing objects: the smallest change that makes one what it should be, and what to do if it is refused.

An IPPool is changed by a JSON patch of the keys that differ, as upstream does it: the request is small however
large the pool. Server-side apply would send all of it, and would leave what others added. The patch
carries the version for which it was made, so an edit that came in between is a conflict and not lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from lightkube.models.meta_v1 import ObjectMeta
from lightkube.types import PatchType

from rowhouse.k8s.failures import ERRORS, failure_of
from rowhouse.k8s.mirror.seen import (
    KINDS,
    Seen,
    SeenPool,
    SeenReservation,
    SeenSlicePool,
    seen_of,
)
from rowhouse.k8s.mirror.slices import WantedSlicePool
from rowhouse.k8s.mirror.wanted import Reserved, WantedPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightkube import Client

    from rowhouse.k8s.failures import Failure

    Operation = dict[str, Any]

Target: TypeAlias = WantedPool | Reserved | WantedSlicePool

_LONGEST_PATCH: Final = 1000
"""Operations; an API server takes 10,000 at most, and beyond so many the whole object is as good."""
_TOO_LARGE: Final = ("request is too large", "entity too large", "message larger than max")


@dataclass(frozen=True, slots=True)
class Change:
    """What must be done to one object. `wanted` None: it must go; `seen` None: it is not there."""

    kind: str
    name: str
    seen: Seen | None
    wanted: Target | None

    @property
    def verb(self) -> str:
        """create, update or delete."""
        if self.wanted is None:
            return "delete"
        return "create" if self.seen is None else "update"

    def __str__(self) -> str:
        return f"{self.verb} {self.kind}/{self.name}"


class Result(Enum):
    """How a write ended."""

    DONE = "done"
    CONFLICT = "conflict"
    """The object is another one than was known; it has been read."""
    TOO_LARGE = "too large"
    REFUSED = "refused"
    """It will be refused again: the object is not valid there."""
    FAILED = "failed"
    """The API server could not do it now."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`seen`: what the object is now, if that is known; `retry_after` in seconds."""

    change: Change
    result: Result
    seen: Seen | None = None
    message: str = ""
    retry_after: float = 0.0


def change_of(kind: str, name: str, wanted: Target | None, seen: Seen | None) -> Change | None:
    """What must be done to an object, None if nothing."""
    if isinstance(wanted, WantedPool) and isinstance(seen, SeenPool):
        same = (wanted.range, wanted.annotations()) == (seen.range, seen.annotations)
        if same and wanted.allocations == seen.allocations:
            return None
    if (
        isinstance(wanted, WantedSlicePool)
        and isinstance(seen, SeenSlicePool)
        and (wanted.content, wanted.annotations()) == (seen.content, seen.annotations)
    ):
        return None
    if (
        isinstance(wanted, Reserved)
        and isinstance(seen, SeenReservation)
        and wanted == seen.content
    ):
        return None
    if wanted is None and seen is None:
        return None
    return Change(kind, name, seen, wanted)


def write(client: Client, namespace: str, change: Change) -> Outcome:
    """Does it. Never raises for what an API server answers, or does not."""
    try:
        return Outcome(change, Result.DONE, _written(client, namespace, change))
    except ERRORS as error:
        return _refused(client, namespace, change, failure_of(error))


def _written(client: Client, namespace: str, change: Change) -> Seen | None:
    kind, name = KINDS[change.kind], change.name
    if change.wanted is None:
        try:
            client.delete(kind, name, namespace=namespace)
        except ERRORS as error:
            if not failure_of(error).is_absence_of(name):
                raise
        return None
    if change.seen is None:
        return seen_of(client.create(_object(change, namespace), namespace=namespace))
    patch = list(_patch(change))
    return seen_of(client.patch(kind, name, patch, namespace=namespace, patch_type=PatchType.JSON))


def _object(change: Change, namespace: str) -> Any:
    wanted = change.wanted
    metadata = ObjectMeta(name=change.name, namespace=namespace)
    if wanted is None:
        return KINDS[change.kind](metadata=metadata)
    metadata.annotations = wanted.annotations() or None
    if isinstance(wanted, WantedSlicePool):
        content = wanted.content
        return KINDS[change.kind](metadata=metadata, spec=content.spec(), status=content.status())
    return KINDS[change.kind](metadata=metadata, spec=wanted.spec())


def _patch(change: Change) -> Iterator[Operation]:
    """The operations of a JSON patch (RFC 6902), the version first."""
    if change.seen is None or change.wanted is None:
        return
    yield _set("/metadata/resourceVersion", change.seen.version)
    if isinstance(change.wanted, WantedPool) and isinstance(change.seen, SeenPool):
        keys = list(_patch_keys(change.wanted, change.seen))
        if change.wanted.range == change.seen.range and len(keys) <= _LONGEST_PATCH:
            yield from keys
        else:
            yield _set("/spec", change.wanted.spec())
    elif isinstance(change.wanted, WantedSlicePool):
        yield _set("/spec", change.wanted.content.spec())
        yield _set("/status", change.wanted.content.status())
    else:
        yield _set("/spec", change.wanted.spec())
    yield from _annotate(change.wanted.annotations(), change.seen)


def _patch_keys(wanted: WantedPool, seen: SeenPool) -> Iterator[Operation]:
    for key in seen.allocations.keys() - wanted.allocations.keys():
        yield {"op": "remove", "path": f"/spec/allocations/{_escaped(key)}"}
    for key, holder in wanted.allocations.items():
        if seen.allocations.get(key) != holder:
            yield _set(f"/spec/allocations/{_escaped(key)}", holder.spec())


def _annotate(wanted: dict[str, str], seen: Seen) -> Iterator[Operation]:
    known = seen.content.annotations() if isinstance(seen, SeenReservation) else seen.annotations
    if wanted and not seen.annotated:
        yield _set("/metadata/annotations", wanted)
        return
    for key in known.keys() - wanted.keys():
        yield {"op": "remove", "path": f"/metadata/annotations/{_escaped(key)}"}
    for key, value in wanted.items():
        if known.get(key) != value:
            yield _set(f"/metadata/annotations/{_escaped(key)}", value)


def _set(path: str, value: Any) -> Operation:
    # "add" replaces what is there, and is no error where nothing is.
    return {"op": "add", "path": path, "value": value}


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _refused(client: Client, namespace: str, change: Change, failure: Failure) -> Outcome:
    code, message = failure.status, failure.message
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or any(one in message for one in _TOO_LARGE):
        return Outcome(change, Result.TOO_LARGE, change.seen, message)
    updating = change.seen is not None and change.wanted is not None
    gone = updating and failure.is_absence_of(change.name)
    # A patch for another object than it was made for may also come out as an invalid one.
    if (
        code == HTTPStatus.CONFLICT
        or gone
        or (code == HTTPStatus.UNPROCESSABLE_ENTITY and updating)
    ):
        return _read_again(client, namespace, change, message)
    if code in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST}:
        return Outcome(change, Result.REFUSED, change.seen, message)
    return Outcome(change, Result.FAILED, change.seen, message, failure.retry_after)


def _read_again(client: Client, namespace: str, change: Change, message: str) -> Outcome:
    try:
        seen = seen_of(client.get(KINDS[change.kind], change.name, namespace=namespace))
    except ERRORS as error:
        failure = failure_of(error)
        if failure.is_absence_of(change.name):
            return Outcome(change, Result.CONFLICT, None, message)
        return Outcome(change, Result.FAILED, change.seen, failure.message, failure.retry_after)
    same = change.seen is not None and seen.version == change.seen.version
    # Nobody was faster, so it is the patch itself that is refused.
    return Outcome(change, Result.REFUSED if same else Result.CONFLICT, seen, message)
