"""With a synchronous standby nothing is acknowledged that only the primary has, however it came to be visible.

A commit that waits for its standby becomes visible when the primary restarts. Who then asks again finds it
done, and an answer at once would be a promise that the standby does not keep.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from faults import service
from faults.callers import OnDatabase
from faults.pools import HOT
from faults.postgres import installation
from faults.replicas import Pair
from rowhouse.store.connection.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faults.callers import Answer


@pytest.fixture
def pair() -> Iterator[Pair]:
    with (
        installation() as installed,
        Pair.of(installed, service.new_database(installed), synchronous=True) as made,
    ):
        yield made


@pytest.fixture
def store(pair: Pair) -> Iterator[Database]:
    opened = Database(service.url_of(*pair.hosts), pool_size=2, wait=30)
    yield opened
    opened.close()


CALLS: dict[str, Callable[[OnDatabase], Answer]] = {
    "ADD": lambda client: client.add(HOT, "new", "new"),
    "DEL": lambda client: client.delete(HOT, "old", "old"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_is_done_already_is_acknowledged_only_when_the_standby_has_it(
    pair: Pair, store: Database, call: Callable[[OnDatabase], Answer]
) -> None:
    client = OnDatabase(store, "node1")
    assert client.add(HOT, "old", "old").phase == "ok"
    receiver = pair._receiver()
    os.kill(receiver, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor() as threads:
            first = threads.submit(call, client)
            _wait_for_the_standby(pair)
            pair.primary.kill()
            pair.primary.start()  # what had been committed here is visible now
            _wait_for_the_standby(pair)  # and the server, which asks again, still waits
            second = threads.submit(call, client)
            assert not first.done()
            os.kill(receiver, signal.SIGCONT)
            assert first.result().phase == second.result().phase == "ok"
    finally:
        with contextlib.suppress(ProcessLookupError):  # it may have restarted
            os.kill(receiver, signal.SIGCONT)


def _wait_for_the_standby(pair: Pair) -> None:
    """Returns when a commit waits for it. Raises TimeoutError when none does."""
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    deadline = time.monotonic() + 240
    while not pair.primary.query(query):
        if time.monotonic() > deadline:
            raise TimeoutError("no commit waits for the standby")
        time.sleep(0.02)
