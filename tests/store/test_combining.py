"""Calls that meet are served together, and none for another's account."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from fixtures.crowds import answers, at_once
from rowhouse.domain.errors import RowhouseError, TryAgain
from rowhouse.store.connection import combining
from rowhouse.store.connection.combining import CombiningQueue, LeftOut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.combining import Outcome


class Counter:
    """Serves numbers by doubling them; keeps the batches; can be held up."""

    def __init__(self) -> None:
        self.alone: list[int] = []
        self.batches: list[list[int]] = []
        self.held_up = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.refuses: Exception | None = None
        self.room = 1000

    def one(self, number: int) -> int:
        self.alone.append(number)
        self.held_up.set()
        self.go_on.wait(240)
        if number < 0:
            raise RowhouseError(f"{number} is negative")
        return 2 * number

    def many(self, numbers: Sequence[int]) -> list[Outcome[int]]:
        self.batches.append(list(numbers))
        if self.refuses is not None:
            raise self.refuses
        return [
            LeftOut.ALONE if number < 0 else LeftOut.AGAIN if place >= self.room else 2 * number
            for place, number in enumerate(numbers)
        ]


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def queue(counter: Counter) -> CombiningQueue[int, int]:
    return CombiningQueue(counter.one, counter.many)


def held_up(counter: Counter, queue: CombiningQueue[int, int], key: str) -> threading.Thread:
    """A call of number 0 that is under way in `key` until `go_on`."""
    counter.go_on.clear()
    thread = threading.Thread(target=queue.serve, args=(key, 0))
    thread.start()
    assert counter.held_up.wait(240)
    return thread


def meeting(
    counter: Counter, queue: CombiningQueue[int, int], numbers: range
) -> list[int | Exception]:
    """The answers to calls that all came while another was under way."""
    first = held_up(counter, queue, "pool")

    def call(number: int) -> int:
        return queue.serve("pool", number)

    def let_go() -> int:
        while len(queue._waiting["pool"]) < len(numbers):
            pass
        counter.go_on.set()
        return 0

    outcome = at_once([*(lambda n=n: call(n) for n in numbers), let_go])
    first.join()
    return outcome[:-1]


def test_calls_that_do_not_meet_go_ahead_alone(
    counter: Counter, queue: CombiningQueue[int, int]
) -> None:
    assert [queue.serve("pool", number) for number in range(5)] == [0, 2, 4, 6, 8]
    assert counter.alone == [0, 1, 2, 3, 4]
    assert counter.batches == []
    assert queue._waiting == {}


def test_calls_that_meet_are_one_batch(
    counter: Counter, queue: CombiningQueue[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 60)
    assert answers(meeting(counter, queue, range(1, 21))) == [2 * n for n in range(1, 21)]
    assert [sorted(batch) for batch in counter.batches] == [list(range(1, 21))]
    assert counter.alone == [0]
    assert queue._waiting == {}


def test_a_batch_is_bounded(
    counter: Counter, queue: CombiningQueue[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 60)
    monkeypatch.setattr(combining, "MAX_BATCH", 4)
    assert answers(meeting(counter, queue, range(1, 11))) == [2 * n for n in range(1, 11)]
    assert [len(batch) for batch in counter.batches] == [4, 4, 2]


def test_a_call_left_out_of_a_batch_is_served_alone_and_gets_its_own_error(
    counter: Counter, queue: CombiningQueue[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 60)
    outcome = meeting(counter, queue, range(-3, 4))
    assert outcome[3:] == [0, 2, 4, 6]
    assert [str(error) for error in outcome[:3]] == [f"{n} is negative" for n in (-3, -2, -1)]


def test_a_repeated_call_is_first_in_the_next_batch(
    counter: Counter, queue: CombiningQueue[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 60)
    counter.room = 4
    outcome = meeting(counter, queue, range(1, 11))
    assert answers(outcome) == [2 * n for n in range(1, 11)]
    first, second, third = counter.batches
    assert (first[4:], second[4:]) == (second, third)
    assert counter.alone == [0]
    assert queue._waiting == {}


def test_the_last_to_come_again_goes_alone(
    counter: Counter, queue: CombiningQueue[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 60)
    counter.room = 1
    assert answers(meeting(counter, queue, range(1, 4))) == [2, 4, 6]
    assert len(counter.batches) == 2
    assert len(counter.alone) == 2


def test_an_error_of_the_batch_is_no_callers_error(
    counter: Counter, queue: CombiningQueue[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 60)
    counter.refuses = TryAgain("a lock")
    assert answers(meeting(counter, queue, range(1, 5))) == [2, 4, 6, 8]
    assert sorted(counter.alone) == [0, 1, 2, 3, 4]
    assert queue._waiting == {}


def test_a_fault_in_the_code_frees_the_key(
    counter: Counter, queue: CombiningQueue[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 60)
    counter.refuses = KeyError("a mistake")
    outcome = meeting(counter, queue, range(1, 5))
    assert sum(isinstance(one, KeyError) for one in outcome) == 1
    assert queue._waiting == {}
    assert queue.serve("pool", 7) == 14


def test_a_key_waits_for_no_other(counter: Counter, queue: CombiningQueue[int, int]) -> None:
    first = held_up(counter, queue, "slow")
    counter.go_on.set()
    assert queue.serve("fast", 1) == 2
    first.join()


def test_no_call_waits_long_for_the_batch_in_front(
    counter: Counter, queue: CombiningQueue[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 0.01)
    first = held_up(counter, queue, "pool")
    second = threading.Thread(target=queue.serve, args=("pool", 1))
    second.start()
    while counter.alone != [0, 1]:  # though the first one is still there
        pass
    counter.go_on.set()
    first.join()
    second.join()
    assert queue._waiting == {}


def test_a_key_that_is_stuck_holds_few_places_and_refuses_the_others_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each call that waits for a lock holds a connection, and other pools need some, too."""
    monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 1.0)
    inside = threading.Semaphore(0)
    go_on = threading.Event()

    def one(number: int) -> int:
        inside.release()
        go_on.wait(240)
        return 2 * number

    def many(numbers: Sequence[int]) -> list[Outcome[int]]:
        raise TryAgain(f"no lock for {len(numbers)}")

    queue = CombiningQueue(one, many, max_alone=2)
    with ThreadPoolExecutor(10) as threads:
        calls = [threads.submit(queue.serve, "hot", number) for number in range(10)]
        for _ in range(3):  # the first, and two more
            assert inside.acquire(timeout=10)
        refused = list(islice(as_completed(calls), 7))
        assert {type(call.exception()) for call in refused} == {TryAgain}
        # From here on a place would be waited for so long that a busy machine cannot be taken for it.
        monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 60.0)
        queue._limiters["hot"]._refuses_until = time.monotonic() + 60
        began = time.monotonic()
        with pytest.raises(TryAgain, match="busy"):
            queue.serve("hot", 11)
        assert time.monotonic() - began < combining.MAX_QUEUE_WAIT / 2
        go_on.set()
        assert queue.serve("cold", 12) == 24
        assert sum(call.exception() is None for call in calls) == 3
    assert queue.serve("hot", 13) == 26


def test_calls_that_are_quick_alone_wait_for_each_other() -> None:
    """Every caller of a full pool is told that it is full, however many ask."""

    def many(numbers: Sequence[int]) -> list[Outcome[int]]:
        return [LeftOut.ALONE for _ in numbers]

    queue = CombiningQueue(lambda number: 2 * number, many, max_alone=1)
    with ThreadPoolExecutor(20) as threads:
        calls = [threads.submit(queue.serve, "full", number) for number in range(200)]
        assert [call.result() for call in calls] == [2 * number for number in range(200)]
