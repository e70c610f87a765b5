"""The errors about objects that do not exist: each names what lists the existing ones."""

from __future__ import annotations

from typing import Final

from rowhouse.domain.echo import shown
from rowhouse.domain.errors import NotFound

LISTS: Final = {
    "comment": "comments",
    "exclusion": "exclusions",
    "gateway": "gateways",
    "network": "networks",
    "pool": "pools",
    "quota": "quotas",
    "request": "requests",
    "view": "views",
}


def missing(kind: str, name: int | str, where: str = "") -> NotFound:
    """Return the error for an object that does not exist.

    Args:
        kind: a kind of object that the API lists.
        name: its id, or the text by which the caller named it.
        where: where it was looked for, such as "in network "storage"".
    """
    said = f"there is no {kind} {name if isinstance(name, int) else shown(name)}"
    return NotFound(
        f"{said} {where}".rstrip(), hint=f"GET /api/v1/{LISTS[kind]} lists the existing ones."
    )
