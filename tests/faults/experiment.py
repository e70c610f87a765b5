"""Clients at work while something strikes, again and again; then rest, and the verdict."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from faults.checker import Checker, Verdict
from faults.clients import Client, Progress
from faults.final_state import read_final_state
from faults.journal import Journal, read
from faults.pools import POOLS, rooms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from faults.callers import Caller
    from faults.pools import Pool


@dataclass(frozen=True, kw_only=True)
class Nemesis:
    """What strikes, how often, and how many answered calls lie between two strikes, half as many at least.

    The next strike waits for the service to have answered again: that it recovers is part of the promise.
    """

    name: str
    strike: Callable[[Random], None]
    times: int
    calls_between: int = 50


@dataclass(frozen=True, kw_only=True)
class Load:
    """How many clients make at least how many calls that are answered, on which pools."""

    clients: int = 12
    calls: int = 1000
    pools: tuple[Pool, ...] = POOLS
    fill: float = 0.95
    """How many pods the clients aim at, as a share of what the pools have room for."""


@dataclass(kw_only=True)
class Report:
    """What came of an experiment."""

    seed: str
    verdict: Verdict
    strikes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def __str__(self) -> str:
        strikes = ", ".join(f"{times} {name}" for name, times in self.strikes.items())
        return f"seed {self.seed}, {self.seconds:.0f} s, {strikes or 'no faults'}: {self.verdict}"


def total(reports: Sequence[Report]) -> Report:
    """What came of several rounds together; `seed` is the first one's."""
    whole = Report(seed=reports[0].seed, verdict=Verdict())
    for report in reports:
        whole.seconds += report.seconds
        whole.verdict.calls += report.verdict.calls
        whole.verdict.ends += report.verdict.ends
        whole.verdict.found += report.verdict.found
        whole.verdict.violations += report.verdict.violations
        for name, times in report.strikes.items():
            whole.strikes[name] = whole.strikes.get(name, 0) + times
    return whole


def run(
    folder: Path,
    caller: Callable[[int], Caller],
    *,
    seed: str,
    load: Load | None = None,
    nemeses: Sequence[Nemesis] = (),
    rest: Callable[[], str],
    max_recovery_seconds: float = 60.0,
) -> Report:
    """Runs an experiment to its verdict.

    Args:
        folder: for the journal.
        caller: the way to the service of each client, by its number.
        seed: of all dice.
        load: what the clients do.
        nemeses: what strikes, all at the same time.
        rest: called when the clients have done their last call: brings everything to rest, so that no call is
            under way any more, and tells where the database is (a libpq connection string).
        max_recovery_seconds: until the service must have answered again after a strike.

    Raises:
        TimeoutError: it did not.
    """
    load = load or Load()
    stop, progress = threading.Event(), Progress()
    began = time.monotonic()
    with Journal(folder / "journal") as journal:
        clients = [
            Client(
                number,
                caller(number),
                pools=load.pools,
                share=lambda pool: max(1, round(pool.room * load.fill / load.clients)),
                journal=journal,
                progress=progress,
                stop=stop,
                seed=seed,
            )
            for number in range(load.clients)
        ]
        strikers = [
            _Striker(nemesis, progress, stop, seed, max_recovery_seconds) for nemesis in nemeses
        ]
        for thread in (*clients, *strikers):
            thread.start()
        try:
            _watch(load.calls, clients, strikers, progress, max_recovery_seconds)
        finally:
            stop.set()
            for thread in (*clients, *strikers):
                thread.join()
        for client in clients:
            client.drain(time.monotonic() + max_recovery_seconds)
    return Report(
        seed=seed,
        verdict=judge(journal, load.pools, rest()),
        strikes={striker.nemesis.name: striker.struck for striker in strikers},
        seconds=time.monotonic() - began,
    )


def judge(journal: Journal, pools: tuple[Pool, ...], where: str) -> Verdict:
    """What the checker finds in a closed journal and in the database at rest."""
    checker = Checker(rooms(pools))
    with journal.path.open(encoding="ascii") as lines:
        checker.read(read(lines))
    return checker.finish(read_final_state(where))


class _Striker(threading.Thread):
    def __init__(
        self,
        nemesis: Nemesis,
        progress: Progress,
        stop: threading.Event,
        seed: str,
        max_recovery_seconds: float,
    ) -> None:
        super().__init__(name=nemesis.name, daemon=True)
        self.nemesis = nemesis
        self.struck = 0
        self.failure: BaseException | None = None
        self._progress = progress
        self._stop_asked = stop
        self._dice = Random(f"{seed}/{nemesis.name}")
        self._max_recovery_seconds = max_recovery_seconds

    def run(self) -> None:
        try:
            for _ in range(self.nemesis.times):
                pause = self.nemesis.calls_between * (0.5 + self._dice.random())
                wanted = self._progress.answered + max(1, round(pause))
                if not self._progress.reach(wanted, self._max_recovery_seconds, self._stop_asked):
                    return
                self.nemesis.strike(self._dice)
                self.struck += 1
            # That it comes back after the last strike, too.
            wanted = self._progress.answered + self.nemesis.calls_between
            self._progress.reach(wanted, self._max_recovery_seconds, self._stop_asked)
        except BaseException as failure:  # noqa: BLE001 - raised where it is waited for
            self.failure = failure


def _watch(
    calls: int,
    clients: Sequence[Client],
    strikers: Sequence[_Striker],
    progress: Progress,
    max_recovery_seconds: float,
) -> None:
    """Returns when all has been done; raises what went wrong in a thread."""
    never = threading.Event()
    while True:
        before = progress.answered
        for failure in [one.failure for one in clients] + [one.failure for one in strikers]:
            if failure is not None:
                raise failure
        if progress.answered >= calls and not any(striker.is_alive() for striker in strikers):
            return
        progress.reach(before + 1, max_recovery_seconds, never)
        time.sleep(0.02)
