"""MAC addresses."""

from __future__ import annotations

import re
from typing import Final

_SPELLINGS: Final = re.compile(
    r"[0-9a-f]{2}(?P<mark>[:-])[0-9a-f]{2}(?:(?P=mark)[0-9a-f]{2}){4}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}|[0-9a-f]{12}"
)


def parse_mac(text: str) -> str:
    """Return a MAC address of six bytes as `02:00:5e:00:53:01`.

    It may be written with colons, dashes or dots (`0200.5e00.5301`) or without any, in small or capital letters.
    Raises ValueError.
    """
    folded = text.lower()
    if not _SPELLINGS.fullmatch(folded):
        raise ValueError("a MAC address has six bytes, such as 02:00:5e:00:53:01")
    digits = re.sub(r"[:.-]", "", folded)
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
