"""Status objects: what a client learns of a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8s.recorded.masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

Difference = tuple[str, Any, Any]
"""What differs, what the real server said, what the fake says."""


def status_differences(said: Any, told: Any) -> Iterator[Difference]:
    """Of two Status objects."""
    for key in ("kind", "apiVersion", "status", "reason", "code"):
        if said.get(key) != told.get(key):
            yield key, said.get(key), told.get(key)
    if masked(said.get("message", "")) != masked(told.get("message", "")):
        yield "message", said.get("message"), told.get("message")
    if said["metadata"].keys() != told["metadata"].keys():
        yield "metadata", said["metadata"], told["metadata"]
    ours, theirs = said.get("details"), told.get("details")
    if ours is None or theirs is None:
        if ours != theirs:
            yield "details", ours, theirs
        return
    for key in ours.keys() | theirs.keys():
        mine, its = _detail(key, ours), _detail(key, theirs)
        if mine != its:
            yield f"details.{key}", mine, its


def _detail(key: str, details: Any) -> Any:
    value = details.get(key)
    if key == "causes" and value:
        return sorted(
            (one["reason"], str(masked(one["message"])), str(one.get("field"))) for one in value
        )
    return masked(f'{value}"') if isinstance(value, str) else value
