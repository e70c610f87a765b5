"""Arrays as text parameters, for the calls that matter for speed.

psycopg looks for the type of each list and of each element, which costs about five times as much. The statements name
the type of every array (`%(cidrs)s::cidr[]`), so PostgreSQL reads the text as that type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def array(values: Iterable[str | int | None]) -> str:
    """A one-dimensional PostgreSQL array, as text: `{"a",NULL,3}`; None is NULL."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):  # in quotes, NULL, commas and spaces are only text
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
