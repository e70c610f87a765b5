"""Parse JSON by Go's rules, because existing configurations were written for its decoder.

Keys are case-insensitive and the last one wins; `null` counts as absent; unknown keys are
ignored; a value of the wrong type is an error that names key and value (`encoding/json`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from rowhouse.domain.errors import InvalidConfig, Undecodable
from rowhouse.domain.limits import MAX_NAME

Fields = Mapping[str, object]
"""A JSON object with its keys folded to lower case."""

_SHOWN = 120


def decode(body: bytes) -> object:
    """Decode UTF-8 JSON, objects as `Fields`. Raises Undecodable for invalid bytes of any kind."""
    try:
        return _DECODER.decode(body.decode())
    except RecursionError:
        raise Undecodable("error unmarshall network config: nested too deeply") from None
    except ValueError as error:  # also the base of UnicodeDecodeError, and raised for an integer with too many digits
        reason = str(error) if body.strip() else "unexpected end of JSON input"
        raise Undecodable(f"error unmarshall network config: {reason}") from None


def _fold(pairs: list[tuple[str, object]]) -> dict[str, object]:
    folded: dict[str, object] = {}
    for key, value in pairs:
        lower = key.lower()
        if value is not None or lower not in folded:
            folded[lower] = value
    return folded


def fold(fields: Fields) -> dict[str, object]:
    """The same object with its keys folded to lower case."""
    return _fold(list(fields.items()))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"invalid number {name}")


_DECODER = json.JSONDecoder(object_pairs_hook=_fold, parse_constant=_no_constant)


def shown(value: object) -> str:
    """Return a JSON value as text for a message, shortened."""
    try:
        text = json.dumps(value)
    except RecursionError:
        text = "…"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def text(fields: Fields, key: str, where: str = "ipam") -> str:
    """A string; "" when it is absent. `key` is spelled as in the documentation."""
    value = fields.get(key.lower())
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong_type(where, key, "a string", value)
    return printable(value, f"{where}.{key}")


def name(fields: Fields, key: str, where: str = "ipam") -> str:
    """A string that names a row in the database: at most 253 bytes; "" when it is absent."""
    value = text(fields, key, where)
    if len(value.encode()) > MAX_NAME:
        raise InvalidConfig(f"{where}.{key} is longer than {MAX_NAME} bytes: {shown(value)}")
    return value


def printable(value: str, key: str) -> str:
    """Refuse NUL, which PostgreSQL cannot store, and lone surrogates, which UTF-8 cannot encode."""
    if "\0" in value or (
        not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)
    ):
        raise InvalidConfig(f"{key} contains a character that is not allowed: {shown(value)}")
    return value


def flag(fields: Fields, key: str, *, default: bool, where: str = "ipam") -> bool:
    """A boolean; `default` when it is absent."""
    value = fields.get(key.lower())
    if value is None:
        return default
    if not isinstance(value, bool):
        raise wrong_type(where, key, "true or false", value)
    return value


def integer(fields: Fields, key: str, where: str) -> int | None:
    """An integer of 64 bits, as Go's int; None when it is absent."""
    value = fields.get(key.lower())
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise wrong_type(where, key, "an integer", value)
    return value


def section(fields: Fields, key: str, where: str) -> Fields:
    """An object; empty when it is absent."""
    value = fields.get(key.lower())
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong_type(where, key, "an object", value)
    return value


def texts(fields: Fields, key: str, where: str = "ipam") -> tuple[str, ...]:
    """A list of strings; empty when it is absent."""
    items = _items(fields, key, where)
    for item in items:
        if not isinstance(item, str):
            raise wrong_type(where, key, "a list of strings", item)
        printable(item, f"{where}.{key}")
    return tuple(str(item) for item in items)


def sections(fields: Fields, key: str, where: str = "ipam") -> list[tuple[Fields, str]]:
    """A list of objects, each with its place (`ipam.routes[0]`); empty when it is absent."""
    found: list[tuple[Fields, str]] = []
    for index, item in enumerate(_items(fields, key, where)):
        if not isinstance(item, dict):
            raise wrong_type(where, f"{key}[{index}]", "an object", item)
        found.append((item, f"{where}.{key}[{index}]"))
    return found


def _items(fields: Fields, key: str, where: str) -> list[object]:
    value = fields.get(key.lower())
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong_type(where, key, "a list", value)
    return value


def wrong_type(where: str, key: str, expected: str, value: object) -> InvalidConfig:
    """Return the error for a JSON value of the wrong type."""
    return InvalidConfig(
        f"LoadIPAMConfig - JSON Parsing Error: {where}.{key} must be {expected}, got {shown(value)}"
    )
