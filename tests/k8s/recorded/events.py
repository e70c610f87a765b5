"""Watches: the kinds of their events, and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8s.recorded.refusals import status_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from k8s.recorded.exchanges import Exchange
    from k8s.recorded.refusals import Difference
    from k8s.recorded.sending import Reply


def watch_differences(exchange: Exchange, reply: Reply) -> Iterator[Difference]:
    said = list(_seen(exchange.events))
    told = list(_seen(reply.events))
    if exchange.response.get("ended") and reply.ended and told[: len(said)] == said:
        return
    if "body_excerpt" in exchange.response or len(exchange.response.get("events", ())) >= 6:
        told = told[: len(said)]  # recorded to here
    if said != told:
        yield "events", said, told
    if bool(exchange.response.get("ended")) != bool(reply.ended):
        yield "end", exchange.response.get("ended"), reply.ended
    for mine, theirs in zip(exchange.events, reply.events, strict=False):
        yield from _objects(mine["object"], theirs["object"])


def _objects(said: Any, told: Any) -> Iterator[Difference]:
    if said.get("kind") == "Status":
        yield from status_differences(said, told)
    elif said.get("kind") == "Table":
        ours, theirs = ([one["name"] for one in some["columnDefinitions"]] for some in (said, told))
        if ours != theirs:
            yield "columns", ours, theirs
    elif _shape(said) != _shape(told):
        yield "object", _shape(said), _shape(told)
    elif "creationTimestamp" not in said["metadata"] and said.keys() != told.keys():
        yield "bookmark", said, told


def _shape(obj: Any) -> Any:
    return obj.get("kind"), sorted(obj["metadata"].keys() - {"managedFields"})


def _seen(events: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Type, name and phase of each; bookmarks that follow each other are one."""
    last: tuple[Any, ...] = ()
    for event in events:
        obj = event["object"]
        metadata = obj.get("metadata") or {}
        status = obj.get("status")
        marks = metadata.get("annotations") if event["type"] == "BOOKMARK" else None
        one = (
            event["type"],
            metadata.get("name"),
            status.get("phase") if isinstance(status, dict) else None,
            "deletionTimestamp" in metadata,
            str(marks),
        )
        if event["type"] != "BOOKMARK" or one != last:
            yield one
        last = one
