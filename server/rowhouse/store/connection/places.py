"""Places in a sorted list: the sort keys of the row beside which a page begins or ends.

A page in the middle of a sorted list is found by its place, without sorting the rows before it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, DateTime, Integer, and_, cast, or_, tuple_
from sqlalchemy.dialects.postgresql import CIDR, INET

from rowhouse.store.connection.models import Address, Cidr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

MAX_TEXT: Final = 1500
"""Characters. A place is a part of a URL."""


Key = tuple[Any, ...]
"""The sort keys of a row: what a page or the next part of an export begins after."""


@dataclass(frozen=True, slots=True)
class Place:
    """The row after which a page begins or, with `is_before`, before which it ends. `text` has its sort keys."""

    text: str
    is_before: bool = False

    @classmethod
    def of(cls, key: Key, *, is_before: bool = False) -> Place | None:
        """Return the place of a row; None if its sort keys are too long for a URL."""
        texts = [one.isoformat() if isinstance(one, datetime) else str(one) for one in key]
        text = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
        return cls(text, is_before) if len(text) <= MAX_TEXT else None

    def values(self, order: Sequence[ColumnElement[Any]]) -> Key | None:
        """Return the sort keys for a list in this order; None if the text does not have them."""
        try:
            texts = json.loads(self.text)
            if not isinstance(texts, list) or len(texts) != len(order):
                return None
            return tuple(_value(one, text) for one, text in zip(order, texts, strict=True))
        except (ValueError, RecursionError):
            return None


def _value(column: ColumnElement[Any], text: Any) -> Any:
    """Return the value of a column from its text. Raises ValueError."""
    if not isinstance(text, str) or "\0" in text:
        raise ValueError(text)
    text.encode()  # what JSON may have and UTF-8 may not
    if isinstance(column.type, DateTime):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(text)
        return moment
    if isinstance(column.type, Integer):
        number = int(text)
        if abs(number) >= 2 ** (63 if isinstance(column.type, BigInteger) else 31):
            raise ValueError(text)
        return number
    if isinstance(column.type, (Address, Cidr, INET, CIDR)):
        ip_interface(text)
    return text


def behind(
    order: Sequence[ColumnElement[Any]], descends: Sequence[bool], bound: Key
) -> ColumnElement[bool]:
    """Match the rows after the sort keys of another in this order."""
    same = next((n for n, down in enumerate(descends) if down != descends[0]), len(order))
    mine = tuple_(*order[:same])
    other = tuple_(
        *(cast(value, one.type) for one, value in zip(order[:same], bound[:same], strict=True))
    )
    beyond: ColumnElement[bool] = mine < other if descends[0] else mine > other
    if same == len(order):
        return beyond
    rest = behind(order[same:], descends[same:], bound[same:])
    return or_(beyond, and_(mine == other, rest))
