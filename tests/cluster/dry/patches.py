"""Patches as the dry cluster understands them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from cluster.dry.store import Refused

if TYPE_CHECKING:
    from cluster.programs import Object


def merged(was: Any, patch: Any) -> Any:
    """RFC 7386; also what a strategic patch comes to where no list is merged."""
    if not isinstance(patch, dict):
        return patch
    found = dict(was) if isinstance(was, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        elif not key.startswith("$"):
            found[key] = merged(found.get(key), value)
    return found


def applied(was: Object, new: Object) -> Object:
    """Server-side apply by one who owns all that it names."""
    found = merged(was, new)
    assert isinstance(found, dict)
    return found


def json_patched(was: Object, operations: list[Object]) -> Object:
    """RFC 6902: test, add, replace, remove. Raises Refused (422)."""
    found = copy.deepcopy(was)
    for one in operations:
        *steps, last = [
            part.replace("~1", "/").replace("~0", "~") for part in one["path"].split("/")[1:]
        ]
        place: Any = found
        for step in steps:
            place = place.get(step) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            raise Refused(422, "Invalid", f"no such path: {one['path']}")
        if one["op"] == "test":
            if place.get(last) != one.get("value"):
                raise Refused(422, "Invalid", f"test failed: {one['path']}")
        elif one["op"] == "remove":
            if last not in place:
                raise Refused(422, "Invalid", f"no such path: {one['path']}")
            del place[last]
        else:
            place[last] = one.get("value")
    return found
