"""A loose index scan: a condition on an index's second column, where the first has few values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Text, any_, func, select

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute


def any_value_of(column: InstrumentedAttribute[str]) -> ColumnElement[Any]:
    """Return all values of an index's first column, to compare it with: one index lookup for each value."""
    lowest = select(column).order_by(column).limit(1)
    values = select(lowest.scalar_subquery().label("value")).cte(recursive=True)
    following = select(column).where(column > values.c.value).order_by(column).limit(1)
    values = values.union_all(
        select(following.scalar_subquery()).where(values.c.value.is_not(None))
    )
    known = select(values.c.value).where(values.c.value.is_not(None))
    return any_(func.array(known.scalar_subquery(), type_=ARRAY(Text)))
