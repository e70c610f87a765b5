"""No regular expression of the server takes more than linear time, whatever it is given."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from typing import Any

import pytest

import rowhouse

LENGTH = 20_000
"""Quadratic time at this length is seconds, linear time is milliseconds."""

PIECES: tuple[str, ...] = (
    "a",
    "0",
    "-",
    ".",
    "/",
    ":",
    " ",
    "\t",
    "_",
    "a-",
    "a.",
    "0.",
    "1m",
    "a/",
    "00:",
    "\r\n",
)
PIECES += ("\r\ncontent-length ", "\r\nexpect: ", "2026-01-01T", "x-y", "f.0.", "::", "+")


def patterns() -> dict[str, re.Pattern[Any]]:
    found = {}
    for module in pkgutil.walk_packages(rowhouse.__path__, "rowhouse."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                found[f"{module.name}.{name}"] = value
    return found


PATTERNS = patterns()


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_a_pattern_takes_linear_time(pattern: re.Pattern[Any]) -> None:
    for piece in PIECES:
        for end in ("", "\0", "!"):
            text: Any = piece * (LENGTH // len(piece)) + end
            if isinstance(pattern.pattern, bytes):
                text = text.encode()
            begun = time.thread_time()
            pattern.fullmatch(text)
            pattern.match(text)
            assert time.thread_time() - begun < 1, (piece, end)


def test_there_are_patterns_to_look_at() -> None:
    assert len(PATTERNS) > 15
