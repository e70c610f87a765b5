"""Work for a caller that has stopped waiting is not begun; what is under way goes on."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from rowhouse.domain.errors import TryAgain
from rowhouse.store.connection import deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.store.connection.database import Database


@pytest.fixture(autouse=True)
def no_deadline_is_left_behind() -> Iterator[None]:
    yield
    deadline.begin(None)


def test_a_call_whose_caller_has_gone_does_not_reach_the_database(store: Database) -> None:
    deadline.begin("0.5", arrived_at=time.monotonic() - 0.6)  # so long it waited for a thread
    with pytest.raises(TryAgain, match="stopped waiting"):
        store.call("INSERT INTO rowhouse.networks (name) VALUES ('storage') RETURNING name")
    deadline.begin(None)
    assert store.call("SELECT name FROM rowhouse.networks WHERE name = 'storage'") == []


def test_a_statement_under_way_is_not_broken_off(store: Database) -> None:
    """It may be a commit that waits for its standby."""
    store.call("SELECT 1")
    deadline.begin("0.5")
    assert store.call("SELECT pg_sleep(0.7)::text, 1") == [("", 1)]


def test_no_connection_is_waited_for_longer_than_the_caller_waits(store: Database) -> None:
    store.call("SELECT 1")
    with contextlib.ExitStack() as held:
        for _ in range(4):
            held.enter_context(store._pool.connection())
        deadline.begin("0.2")
        began = time.monotonic()
        with pytest.raises(TryAgain):
            store.call("SELECT 1")
    assert time.monotonic() - began < 10  # this store would wait for 60 s


@pytest.mark.parametrize("header", [None, "", "soon", "nan", "inf", "1e9"])
def test_what_is_no_time_sets_no_deadline(header: str | None) -> None:
    deadline.begin(header)
    assert deadline.seconds_left(7.0) == 7.0
