"""Our text of an array means to PostgreSQL what psycopg's array means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from rowhouse.store.connection.arrays import array

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

TEXT = some.text(some.characters(codec="utf-8", exclude_characters="\0"))
HARD = ["", "NULL", "null", "a,b", "{}", '"', "\\", '\\"', " a ", "\n", "'", "{a,b}", "é", "::1"]


def read(dba: Session, cast: str, given: list[Any]) -> list[Any]:
    row = dba.execute(f"SELECT %s::{cast}".encode(), (array(given),)).fetchone()
    assert row is not None
    values: list[Any] = row[0]
    return values


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=some.lists(some.none() | TEXT | some.sampled_from(HARD)))
def test_texts_arrive_as_they_were(dba: Session, values: list[str | None]) -> None:
    assert read(dba, "text[]", values) == values


@pytest.mark.parametrize(
    ("cast", "values"),
    [
        ("integer[]", [1, None, -3]),
        ("boolean[]", [True, False, None]),
        ("text[]", []),
        ("text[]", HARD),
    ],
)
def test_other_values_arrive_as_they_were(dba: Session, cast: str, values: list[Any]) -> None:
    assert read(dba, cast, values) == values


def test_addresses_are_read_as_their_type(dba: Session) -> None:
    row = dba.execute(
        "SELECT %s::inet[] = %s::inet[]",
        (array(["10.0.0.1", None, "fd00::1"]), ["10.0.0.1", None, "fd00::1"]),
    ).fetchone()
    assert row == (True,)
