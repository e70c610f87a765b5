"""Writing objects: the smallest change that makes one what it should be, and what to do if it is refused.

An IPPool is changed by a JSON patch of the keys that differ, as upstream does it: the request is small however
large the pool. Server-side apply would send all of it, and would leave what others added. The patch
carries the version for which it was made, so an edit that came in between is a conflict and not lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httpx2
from lightkube import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.types import PatchType

from rowhouse.k8s.mirror.seen import KINDS, Seen, SeenPool, SeenReservation, seen_of
from rowhouse.k8s.mirror.wanted import LEFT_OUT, Reserved, WantedPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightkube import Client

    Operation = dict[str, Any]

_LONGEST_PATCH: Final = 1000
"""Operations; an API server takes 10,000 at most, and beyond so many the whole object is as good."""
_TOO_LARGE: Final = ("request is too large", "entity too large", "message larger than max")


@dataclass(frozen=True, slots=True)
class Change:
    """What must be done to one object. `wanted` None: it must go; `seen` None: it is not there."""

    kind: str
    name: str
    seen: Seen | None
    wanted: WantedPool | Reserved | None

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


def change_of(
    kind: str, name: str, wanted: WantedPool | Reserved | None, seen: Seen | None
) -> Change | None:
    """What must be done to an object, None if nothing."""
    if isinstance(wanted, WantedPool) and isinstance(seen, SeenPool):
        same = (wanted.range, wanted.left_out) == (seen.range, seen.left_out)
        if same and wanted.allocations == seen.allocations:
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
    except ApiError as error:
        return _refused(client, namespace, change, error)
    except (httpx2.HTTPError, ValueError) as error:
        return Outcome(change, Result.FAILED, message=str(error) or type(error).__name__)


def _written(client: Client, namespace: str, change: Change) -> Seen | None:
    kind, name = KINDS[change.kind], change.name
    if change.wanted is None:
        try:
            client.delete(kind, name, namespace=namespace)
        except ApiError as error:
            if error.status.code != HTTPStatus.NOT_FOUND:
                raise
        return None
    if change.seen is None:
        return seen_of(client.create(_object(change, namespace), namespace=namespace))
    patch = list(_patch(change))
    return seen_of(client.patch(kind, name, patch, namespace=namespace, patch_type=PatchType.JSON))


def _object(change: Change, namespace: str) -> Any:
    wanted = change.wanted
    metadata = ObjectMeta(name=change.name, namespace=namespace)
    if isinstance(wanted, WantedPool) and wanted.left_out:
        metadata.annotations = {LEFT_OUT: wanted.left_out}
    return KINDS[change.kind](metadata=metadata, spec=wanted.spec() if wanted else {})


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
        yield from _annotate(change.wanted, change.seen)
    else:
        yield _set("/spec", change.wanted.spec())


def _patch_keys(wanted: WantedPool, seen: SeenPool) -> Iterator[Operation]:
    for key in seen.allocations.keys() - wanted.allocations.keys():
        yield {"op": "remove", "path": f"/spec/allocations/{_escaped(key)}"}
    for key, holder in wanted.allocations.items():
        if seen.allocations.get(key) != holder:
            yield _set(f"/spec/allocations/{_escaped(key)}", holder.spec())


def _annotate(wanted: WantedPool, seen: SeenPool) -> Iterator[Operation]:
    if wanted.left_out == seen.left_out:
        return
    place = f"/metadata/annotations/{_escaped(LEFT_OUT)}"
    if not wanted.left_out:
        yield {"op": "remove", "path": place}
    elif seen.annotated:
        yield _set(place, wanted.left_out)
    else:
        yield _set("/metadata/annotations", {LEFT_OUT: wanted.left_out})


def _set(path: str, value: Any) -> Operation:
    # "add" replaces what is there, and is no error where nothing is.
    return {"op": "add", "path": path, "value": value}


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _refused(client: Client, namespace: str, change: Change, error: ApiError) -> Outcome:
    code, message = error.status.code, str(error.status.message)
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or any(one in message for one in _TOO_LARGE):
        return Outcome(change, Result.TOO_LARGE, change.seen, message)
    updating = change.seen is not None and change.wanted is not None
    gone = code == HTTPStatus.NOT_FOUND and updating
    # A patch for another object than it was made for may also come out as an invalid one.
    if (
        code == HTTPStatus.CONFLICT
        or gone
        or (code == HTTPStatus.UNPROCESSABLE_ENTITY and updating)
    ):
        return _read_again(client, namespace, change, message)
    if code in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST}:
        return Outcome(change, Result.REFUSED, change.seen, message)
    return Outcome(change, Result.FAILED, change.seen, message, retry_after(error))


def _read_again(client: Client, namespace: str, change: Change, message: str) -> Outcome:
    try:
        seen = seen_of(client.get(KINDS[change.kind], change.name, namespace=namespace))
    except ApiError as error:
        if error.status.code == HTTPStatus.NOT_FOUND:
            return Outcome(change, Result.CONFLICT, None, message)
        return Outcome(change, Result.FAILED, change.seen, message, retry_after(error))
    except (httpx2.HTTPError, ValueError) as error:
        return Outcome(change, Result.FAILED, message=str(error) or type(error).__name__)
    same = change.seen is not None and seen.version == change.seen.version
    # Nobody was faster, so it is the patch itself that is refused.
    return Outcome(change, Result.REFUSED if same else Result.CONFLICT, seen, message)


def retry_after(error: ApiError) -> float:
    """Seconds that the API server asks to wait, 0 if it does not."""
    response = getattr(error, "response", None)
    text = response.headers.get("Retry-After", "") if response is not None else ""
    return float(text) if text.isdecimal() else 0.0
