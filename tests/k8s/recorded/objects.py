"""Objects and lists: the fields that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8s.recorded.masking import masked, without_ids
from k8s.recorded.refusals import status_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from k8s.recorded.refusals import Difference

_METADATA = ("name", "namespace", "uid", "generateName", "generation", "labels", "annotations")
_METADATA_KEYS = ("deletionGracePeriodSeconds", "finalizers")
_PRESENT = ("creationTimestamp", "deletionTimestamp", "resourceVersion")
_ROOT = (
    "kind",
    "apiVersion",
    "data",
    "immutable",
    "roleRef",
    "message",
    "count",
    "note",
    "groupVersion",
)


def bodies(said: Any, told: Any) -> Iterator[Difference]:
    """Of two objects, lists or refusals."""
    if not isinstance(told, dict):
        yield "body", said, told
        return
    if said.get("kind") == "Status":
        yield from status_differences(said, told)
        return
    for key in _ROOT:
        if said.get(key) != told.get(key):
            yield key, said.get(key), told.get(key)
    yield from _metadata(said.get("metadata") or {}, told.get("metadata") or {})
    if "items" in said:
        yield from _token(said["metadata"], told["metadata"])
        yield from _items(said["items"], told["items"])
    elif "whereabouts" in (said.get("apiVersion") or "") and said.get("spec") != told.get("spec"):
        yield "spec", said.get("spec"), told.get("spec")
    for key in ("status",):
        if (said.get("kind") or "").endswith("Review") or said.get("kind") == "Namespace":
            mine, theirs = without_ids(said.get(key)), without_ids(told.get(key))
            if mine != theirs:
                yield key, mine, theirs


def _metadata(said: Any, told: Any) -> Iterator[Difference]:
    for key in _METADATA:
        mine, theirs = (some.get(key) or None for some in (said, told))
        if isinstance(mine, str) and isinstance(theirs, str):
            mine, theirs = masked(f'{mine}"'), masked(f'{theirs}"')
        if mine != theirs:
            yield f"metadata.{key}", mine, theirs
    for key in (*_METADATA_KEYS, *_PRESENT):
        if (key in said) != (key in told) or bool(said.get(key)) != bool(told.get(key)):
            yield f"metadata.{key}", said.get(key), told.get(key)
    mine, theirs = (
        sorted((one["manager"], one["operation"]) for one in some.get("managedFields") or ())
        for some in (said, told)
    )
    if said.get("managedFields") and len(mine) == 1 and mine != theirs:
        yield "metadata.managedFields", mine, theirs


def _token(said: Any, told: Any) -> Iterator[Difference]:
    if ("continue" in said, bool(said.get("continue"))) != (
        "continue" in told,
        bool(told.get("continue")),
    ):
        yield "metadata.continue", said.get("continue"), told.get("continue")
    if ("remainingItemCount" in said) != ("remainingItemCount" in told):
        yield "metadata.remainingItemCount", said, told


def _items(said: list[Any], told: list[Any]) -> Iterator[Difference]:
    if bool(said) != bool(told):
        yield "items", len(said), len(told)
    for mine, theirs in zip(said[:1], told[:1], strict=False):
        for key in ("kind", "apiVersion"):
            if (key in mine) != (key in theirs):
                yield f"items[].{key}", mine.get(key), theirs.get(key)
