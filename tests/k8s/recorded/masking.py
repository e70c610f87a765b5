"""Messages without what is another one each time."""

from __future__ import annotations

import json
import re
from typing import Any

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NUMBER = re.compile(r"\d+")
_SUFFIX = re.compile(r'(rowhouse-|a{58})[a-z0-9]{5}(?=")')
_LISTED = re.compile(r"\[(.*)\]$", re.DOTALL)


def masked(message: str) -> Any:
    """A message without its numbers and made-up names; several problems in any order."""
    text, _, _ = message.partition("\n@@")  # a difference of Go structures follows
    text = re.sub(r'"\{[^\n]*"apiVersion[^\n]*\}"', "OBJECT", text)
    text = _SUFFIX.sub(r"\1SUFFIX", _UUID.sub("UUID", text))
    text = _NUMBER.sub("N", text)
    if found := _LISTED.search(text):
        return text[: found.start()], sorted(re.split(r", (?=[a-z.A-Z]+[^ ]*[: ])", found[1]))
    return text


def without_ids(value: Any) -> Any:
    """Without what is new each time: identifiers, tokens, times."""
    text = _UUID.sub("UUID", json.dumps(value, sort_keys=True))
    return re.sub(r'"(token|expirationTimestamp)": "[^"]+"', "NEW", text)
