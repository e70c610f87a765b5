"""A server process keeps to one processor, and to another one when that has more time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.servers import serving
from rowhouse.serve.processor import better_one, idle_shares

if TYPE_CHECKING:
    from fixtures.databases import Database


def processors_of(process: int) -> set[str]:
    """What each thread of a process may run on, as the kernel writes it ("0-1", "1")."""
    found = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("Cpus_allowed_list:"):
                found.add(line.split()[1])
    return found


def workers_of(process: int) -> list[int]:
    return [
        int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def kept_by_workers(database: Database, folder: Path, **settings: str) -> list[set[str]]:
    """What the threads of each of two workers may run on."""
    environment = {"ROWHOUSE_DATABASE_URL": database.url, **settings}
    arguments = ["--workers", "2"]
    with serving(folder, environment=environment, arguments=arguments) as server:
        while len(workers := workers_of(server.process.pid)) < 2:
            pass
        # A worker's request threads come after it has chosen.
        while any(len(list(Path(f"/proc/{one}/task").iterdir())) < 10 for one in workers):
            pass
        return [processors_of(worker) for worker in workers]


several = pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="there is but one processor")


@several
def test_each_process_keeps_to_one_processor_of_its_own(database: Database, tmp_path: Path) -> None:
    first, second = kept_by_workers(database, tmp_path)
    assert first != second
    assert [len(first), len(second)] == [1, 1]
    assert first.pop().isdigit()
    assert second.pop().isdigit()


@several
def test_a_setting_lets_it_run_everywhere(database: Database, tmp_path: Path) -> None:
    for kept in kept_by_workers(database, tmp_path, ROWHOUSE_ONE_PROCESSOR="false"):
        assert not kept.pop().isdigit()


def test_it_moves_only_from_a_busy_one_to_one_at_leisure() -> None:
    assert better_one(0, {0: 0.01, 1: 0.9, 2: 0.6}) == 1
    assert better_one(0, {0: 0.01, 1: 0.3}) is None
    assert better_one(0, {0: 0.2, 1: 0.9}) is None
    assert better_one(0, {1: 0.9}) is None
    assert better_one(0, {}) is None


def test_the_idle_share_is_that_of_the_time_since_the_last_look() -> None:
    before = {0: (100, 1000), 1: (100, 1000), 2: (100, 1000)}
    now = {0: (150, 1100), 1: (200, 1100), 2: (100, 1000)}
    assert idle_shares(before, now) == {0: 0.5, 1: 1.0}
