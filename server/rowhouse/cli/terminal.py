"""Make text safe for a terminal: text from servers, databases and files may contain escape sequences."""

from __future__ import annotations

import re
from typing import Final

_BEYOND_ASCII: Final = re.compile(r"[\x7f-\x9f]")


def plain(text: str) -> str:
    """Return the text on one line, with a space for each control character."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def plain_lines(text: str) -> str:
    """Like `plain`, but keep line breaks."""
    return "\n".join(plain(line) for line in text.split("\n"))


def plain_json(text: str) -> str:
    """Escape the control characters that JSON allows in a string: U+009B begins an escape sequence."""
    return _BEYOND_ASCII.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
