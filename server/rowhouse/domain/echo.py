"""Quote a caller's value in a message, so that no message grows with what was sent."""

from __future__ import annotations

import json
from typing import Final

MAX_SHOWN: Final = 60
"""Characters of a value that a message shows."""


def shown(value: object, *, most: int = MAX_SHOWN) -> str:
    """Return a value as in JSON, and of a long one its beginning and its length.

    Halves of characters are escaped: no answer could hold them.
    """
    if isinstance(value, str) and len(value) > most:
        return f'{_written(value[:most])[:-1]}…" ({len(value):,} characters)'
    text = _written(value)
    return text if isinstance(value, str) or len(text) <= most else f"{text[:most]}…"


def _written(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):  # nested too deeply, or within itself
        return "…"
    return text.encode("utf-8", "backslashreplace").decode()
