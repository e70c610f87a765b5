"""The service is back as soon as its database is."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from faults import service
from faults.postgres import Postgres, installation
from rowhouse.store.connection import schema
from rowhouse.store.connection.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fixtures.servers import Server


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with installation() as installed:
        made = installed.initialise("alone")
        made.start({"fsync": "off"})
        yield made
        made.discard()


def status(server: Server, path: str, seconds: float = 30.0) -> int:
    try:
        with urllib.request.urlopen(server.url + path, timeout=seconds) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code


@pytest.mark.slow
def test_probes_tell_the_truth_of_a_database_that_does_not_answer(
    postgres: Postgres, tmp_path: Path
) -> None:
    """It is stopped, so nothing breaks off: one thread waits for it, and probes go on."""
    url = service.url_of(postgres.host, name="postgres")
    schema.upgrade(url)
    with service.serving(tmp_path, url) as server:
        assert status(server, "/readyz") == 200
        with postgres.stopped():
            with pytest.raises(TimeoutError):
                status(server, "/readyz", seconds=0.5)
            assert [status(server, "/readyz") for _ in range(3)] == [503] * 3
            assert status(server, "/livez") == 200
        assert status(server, "/readyz") == 200


@pytest.fixture
def store(postgres: Postgres) -> Iterator[Database]:
    opened = Database(service.url_of(postgres.host, name="postgres"), pool_size=4, wait=30)
    yield opened
    opened.close()


def test_a_call_that_waits_for_the_database_has_it_as_soon_as_it_is_back(
    postgres: Postgres, store: Database
) -> None:
    """However long it was away: tries to connect do not become rarer."""
    store.call("SELECT 1")
    postgres.kill()
    while postgres.has_processes():  # a backend that is left for a moment would still answer
        time.sleep(0.01)
    with ThreadPoolExecutor() as threads:
        calls = [threads.submit(store.call, "SELECT 1") for _ in range(4)]
        while store._pool.get_stats().get("connections_errors", 0) < 5:
            assert not any(call.done() for call in calls)
            time.sleep(0.01)
        postgres.start()
        began = time.monotonic()
        assert [call.result() for call in calls] == [[(1,)]] * 4
    assert time.monotonic() - began < 8  # doubled pauses would be at 16 s by now
