"""The stored function that a statement calls, for the metrics of database calls."""

from __future__ import annotations

import functools
import re
from typing import Final

_FUNCTION: Final = re.compile(r"\browhouse\.(\w+)_v\d+\(")


@functools.lru_cache(maxsize=256)
def function_of(query: str) -> str:
    """The stored function that a statement calls, without its version; "other" if it calls none."""
    found = _FUNCTION.search(query)
    return found[1] if found else "other"
