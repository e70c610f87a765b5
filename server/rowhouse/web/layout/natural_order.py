"""The order of names that people expect: network-2 before network-10, in any case."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=8192)
def natural(name: str) -> list[tuple[int, str]]:
    """Return the sort key of a name."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
