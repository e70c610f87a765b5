"""Write objects with the smallest possible change, and handle refusals.

An IPPool is changed by a JSON patch of the keys that differ, as upstream: the request is small even for a large
pool. Server-side apply would send all of it, and would keep foreign additions. The patch contains the version for
which it was made, so a concurrent edit causes a conflict instead of being lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from lightkube.models.meta_v1 import ObjectMeta
from lightkube.types import PatchType

from rowhouse.k8s.failures import ERRORS, failure_of
from rowhouse.k8s.mirror.desired import DesiredPool, Reserved
from rowhouse.k8s.mirror.observed import (
    KINDS,
    Observed,
    ObservedPool,
    ObservedReservation,
    ObservedSlicePool,
    observe,
)
from rowhouse.k8s.mirror.slices import DesiredSlicePool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightkube import Client

    from rowhouse.k8s.failures import Failure

    Operation = dict[str, Any]

Target: TypeAlias = DesiredPool | Reserved | DesiredSlicePool

_MAX_PATCH: Final = 1000
"""The maximum number of operations; an API server accepts 10,000, but above this the whole object is as cheap."""
_TOO_LARGE: Final = ("request is too large", "entity too large", "message larger than max")


@dataclass(frozen=True, slots=True)
class Change:
    """The change to one object. `desired` None: delete it; `observed` None: it does not exist."""

    kind: str
    name: str
    observed: Observed | None
    desired: Target | None

    @property
    def verb(self) -> str:
        """create, update or delete."""
        if self.desired is None:
            return "delete"
        return "create" if self.observed is None else "update"

    def __str__(self) -> str:
        return f"{self.verb} {self.kind}/{self.name}"


class Result(Enum):
    """The outcome of a write."""

    DONE = "done"
    CONFLICT = "conflict"
    """The object differed from what was known; it was read again."""
    TOO_LARGE = "too large"
    REFUSED = "refused"
    """The API server would refuse it again: the object is invalid."""
    FAILED = "failed"
    """The API server cannot do it at the moment."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`observed`: what the object is now, if that is known; `retry_after` in seconds."""

    change: Change
    result: Result
    observed: Observed | None = None
    message: str = ""
    retry_after: float = 0.0


def change_of(
    kind: str, name: str, desired: Target | None, observed: Observed | None
) -> Change | None:
    """Return the change that an object needs, None if none."""
    if isinstance(desired, DesiredPool) and isinstance(observed, ObservedPool):
        same = (desired.range, desired.annotations()) == (observed.range, observed.annotations)
        if same and desired.allocations == observed.allocations:
            return None
    if (
        isinstance(desired, DesiredSlicePool)
        and isinstance(observed, ObservedSlicePool)
        and (desired.content, desired.annotations()) == (observed.content, observed.annotations)
    ):
        return None
    if (
        isinstance(desired, Reserved)
        and isinstance(observed, ObservedReservation)
        and desired == observed.content
    ):
        return None
    if desired is None and observed is None:
        return None
    return Change(kind, name, observed, desired)


def write(client: Client, namespace: str, change: Change) -> Outcome:
    """Make the change. Errors of the API server never raise."""
    try:
        return Outcome(change, Result.DONE, _written(client, namespace, change))
    except ERRORS as error:
        return _refused(client, namespace, change, failure_of(error))


def _written(client: Client, namespace: str, change: Change) -> Observed | None:
    kind, name = KINDS[change.kind], change.name
    if change.desired is None:
        try:
            client.delete(kind, name, namespace=namespace)
        except ERRORS as error:
            if not failure_of(error).is_absence_of(name):
                raise
        return None
    if change.observed is None:
        return observe(client.create(_object(change, namespace), namespace=namespace))
    patch = list(_patch(change))
    return observe(client.patch(kind, name, patch, namespace=namespace, patch_type=PatchType.JSON))


def _object(change: Change, namespace: str) -> Any:
    desired = change.desired
    metadata = ObjectMeta(name=change.name, namespace=namespace)
    if desired is None:
        return KINDS[change.kind](metadata=metadata)
    metadata.annotations = desired.annotations() or None
    if isinstance(desired, DesiredSlicePool):
        content = desired.content
        return KINDS[change.kind](metadata=metadata, spec=content.spec(), status=content.status())
    return KINDS[change.kind](metadata=metadata, spec=desired.spec())


def _patch(change: Change) -> Iterator[Operation]:
    """Return the operations of a JSON patch (RFC 6902), the version first."""
    if change.observed is None or change.desired is None:
        return
    yield _set("/metadata/resourceVersion", change.observed.version)
    if isinstance(change.desired, DesiredPool) and isinstance(change.observed, ObservedPool):
        keys = list(_patch_keys(change.desired, change.observed))
        if change.desired.range == change.observed.range and len(keys) <= _MAX_PATCH:
            yield from keys
        else:
            yield _set("/spec", change.desired.spec())
    elif isinstance(change.desired, DesiredSlicePool):
        yield _set("/spec", change.desired.content.spec())
        yield _set("/status", change.desired.content.status())
    else:
        yield _set("/spec", change.desired.spec())
    yield from _annotate(change.desired.annotations(), change.observed)


def _patch_keys(desired: DesiredPool, observed: ObservedPool) -> Iterator[Operation]:
    for key in observed.allocations.keys() - desired.allocations.keys():
        yield {"op": "remove", "path": f"/spec/allocations/{_escaped(key)}"}
    for key, holder in desired.allocations.items():
        if observed.allocations.get(key) != holder:
            yield _set(f"/spec/allocations/{_escaped(key)}", holder.spec())


def _annotate(desired: dict[str, str], observed: Observed) -> Iterator[Operation]:
    known = (
        observed.content.annotations()
        if isinstance(observed, ObservedReservation)
        else observed.annotations
    )
    if desired and not observed.annotated:
        yield _set("/metadata/annotations", desired)
        return
    for key in known.keys() - desired.keys():
        yield {"op": "remove", "path": f"/metadata/annotations/{_escaped(key)}"}
    for key, value in desired.items():
        if known.get(key) != value:
            yield _set(f"/metadata/annotations/{_escaped(key)}", value)


def _set(path: str, value: Any) -> Operation:
    # "add" replaces an existing value, and also works without one.
    return {"op": "add", "path": path, "value": value}


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _refused(client: Client, namespace: str, change: Change, failure: Failure) -> Outcome:
    code, message = failure.status, failure.message
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or any(one in message for one in _TOO_LARGE):
        return Outcome(change, Result.TOO_LARGE, change.observed, message)
    updating = change.observed is not None and change.desired is not None
    gone = updating and failure.is_absence_of(change.name)
    # A patch for an outdated object may also be reported as invalid.
    if (
        code == HTTPStatus.CONFLICT
        or gone
        or (code == HTTPStatus.UNPROCESSABLE_ENTITY and updating)
    ):
        return _read_again(client, namespace, change, message)
    if code in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST}:
        return Outcome(change, Result.REFUSED, change.observed, message)
    return Outcome(change, Result.FAILED, change.observed, message, failure.retry_after)


def _read_again(client: Client, namespace: str, change: Change, message: str) -> Outcome:
    try:
        observed = observe(client.get(KINDS[change.kind], change.name, namespace=namespace))
    except ERRORS as error:
        failure = failure_of(error)
        if failure.is_absence_of(change.name):
            return Outcome(change, Result.CONFLICT, None, message)
        return Outcome(change, Result.FAILED, change.observed, failure.message, failure.retry_after)
    same = change.observed is not None and observed.version == change.observed.version
    # There was no concurrent edit, so the API server refuses the patch itself.
    return Outcome(change, Result.REFUSED if same else Result.CONFLICT, observed, message)
