"""The second checker: clients of every kind at once, clocks that jump, checkpoints, and a judgment by other rules.

It shares no rule with the checker of the other experiments and none with the model of the allocator, so that an error
in one of them does not hide in all. It uses their PostgreSQL, their server and their clock.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import psycopg

from faults.checker import Verdict
from faults.experiment import Report
from faults.own_clocks import with_own_clocks
from faults.second import nads, tables
from faults.second.gate import Gate
from faults.second.judge import Judge
from faults.second.people import Operator
from faults.second.pods import Node
from faults.second.records import Records
from faults.second.wire import Wire

if TYPE_CHECKING:
    from faults.clock import Clock
    from faults.experiments import Laboratory

NODE_CLIENTS: Final = 10
OPERATORS: Final = 4
JUMPS: Final = (-86_400, -3600, -90, -5, -1, 0, 1, 5, 90, 3600, 86_400)
CALLS_BETWEEN_JUMPS: Final = 250
CALLS_BETWEEN_CHECKPOINTS: Final = 2000
CALLS_IN_AN_EPOCH: Final = 1500
SECONDS_BETWEEN_LOOKS: Final = 0.3
STICKY: Final = ("pod default/sticky-", "pod default/leased-")
OWNED: Final = (
    "pod default/owned-", "pod default/next-", "static owned-", "static next-", "static taken-",
)  # fmt: skip
KINDS: Final = {
    "ADDs": ("ADD",),
    "DELs": ("DEL",),
    "CHECKs": ("CHECK",),
    "reservations by hand": ("reserve",),
    "releases": ("release",),
    "reassignments": ("reassign",),
    "gateway changes": ("gateway", "forget"),
    "window changes": ("window",),
    "exclusions and their ends": ("exclude", "include"),
    "pool deletions": ("delete pool",),
}
KEPT: Final = "FAULTS_KEEP"
"""Environment variable: a folder for the records of all calls."""


class Striker(threading.Thread):
    """Moves the clocks, one at a time, and looks at the history; it does not wait for the clients."""

    def __init__(
        self, conninfo: str, clocks: dict[str, Clock], records: Records, *, seed: str
    ) -> None:
        super().__init__(name="clock jumps", daemon=True)
        self.looks = 0
        self._conninfo = conninfo
        self._clocks = clocks
        self._records = records
        self._dice = Random(f"{seed}/second/clocks")
        self._over = threading.Event()

    def run(self) -> None:
        done = 0
        with psycopg.connect(self._conninfo, autocommit=True) as session:
            while not self._over.wait(SECONDS_BETWEEN_LOOKS):
                tables.look(session, self._records)
                self.looks += 1
                if len(self._records.calls) >= done + CALLS_BETWEEN_JUMPS:
                    done = len(self._records.calls)
                    self._jump()

    def end(self) -> None:
        """Stop, with true clocks."""
        self._over.set()
        self.join()
        for of in self._clocks:
            self._set(of, 0)

    def _jump(self) -> None:
        self._set(self._dice.choice(sorted(self._clocks)), self._dice.choice(JUMPS))

    def _set(self, of: str, seconds: int) -> None:
        begin = time.monotonic()
        self._clocks[of].jump(seconds)
        self._records.jumps.append((begin, time.monotonic(), of, seconds))


class Trial:
    """The clients, and what they work on."""

    def __init__(self, url: str, conninfo: str, clocks: dict[str, Clock], *, seed: str) -> None:
        self.records = Records()
        self._gate = Gate()
        self._stop = threading.Event()
        self.nodes = [
            Node(number, url, self.records, self._gate, self._stop, epoch=self.epoch, seed=seed)
            for number in range(NODE_CLIENTS)
        ]
        self.people = [
            Operator(number, OPERATORS, url, self.records, self._gate, self._stop, seed=seed)
            for number in range(OPERATORS)
        ]
        self.striker = Striker(conninfo, clocks, self.records, seed=seed)
        self.checkpoints = 0
        wire = Wire(url, self.records)
        for pool in nads.POOLS:
            wire.api(self.records.begin("POST"), "POST", "/pools", dict(pool))
        wire.close()

    def epoch(self) -> int:
        """Which of the networks with mixed isolation is in use."""
        return len(self.records.calls) // CALLS_IN_AN_EPOCH

    def run(self, session: tables.Session, calls: int) -> Judge:
        """Let the clients make their calls, take everything back, and judge. Raises what a client raised."""
        self._work(session, calls)
        for person in self.people:
            person.undo()
        for node in self.nodes:
            node.drain()
        self.striker.end()
        session.execute("SELECT rowhouse.repair_v1('second checker', '')")
        tables.compare(session, self.records, self.nodes, self.people)
        mixed = [nad for epoch in range(self.epoch() + 1) for nad in nads.mixed(epoch)]
        judge = Judge(self.records, [*nads.FIXED, *mixed])
        judge.judge()
        found = tables.reservations(session)
        for (network, address), owner in judge.left().items():
            if (network, address, owner) not in found:
                self.records.note("acknowledged and lost", f"{network} {address} {owner}")
        for person in self.people:
            person.give_up()
        for problem, *where in session.execute(tables.PROBLEMS):
            self.records.note("integrity problem", f"{problem}: {where}")
        for network, address, owner in found | tables.reservations(session):
            if not owner.startswith((*STICKY, *OWNED)):
                self.records.note("left over", f"{network} {address} {owner}")
        return judge

    def _work(self, session: tables.Session, calls: int) -> None:
        clients: list[Node | Operator] = [*self.nodes, *self.people]
        for thread in (*clients, self.striker):
            thread.start()
        try:
            while len(self.records.calls) < calls and all(one.is_alive() for one in clients):
                self._stop.wait(0.05)
                if len(self.records.calls) >= (self.checkpoints + 1) * CALLS_BETWEEN_CHECKPOINTS:
                    self._checkpoint(session)
            self._checkpoint(session)
        finally:
            self._stop.set()
            for client in clients:
                client.join()
        for failure in (client.failure for client in clients):
            if failure is not None:
                raise failure

    def _checkpoint(self, session: tables.Session) -> None:
        self.checkpoints += 1
        with self._gate.closed():
            tables.compare(session, self.records, self.nodes, self.people)


def second_checker(laboratory: Laboratory, *, calls: int) -> Report:
    """At least so many calls of every kind by nodes and operators at once, while clocks jump."""
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(with_own_clocks(laboratory))
        session = stack.enter_context(psycopg.connect(running.postgres.conninfo(), autocommit=True))
        trial = Trial(
            running.server.url, running.postgres.conninfo(), running.clocks, seed=laboratory.seed
        )
        judge = trial.run(session, calls)
        if KEPT in os.environ:
            _save(Path(os.environ[KEPT]) / laboratory.seed, trial, judge)
    records = trial.records
    verdict = Verdict(
        calls=len(records.calls), ends=Counter(call.outcome for call in records.calls)
    )
    for kind, detail in (*records.found, *judge.found):
        verdict.add(kind, detail)
    strikes = {
        kind: len([call for call in records.calls if call.kind in kinds])
        for kind, kinds in KINDS.items()
    }
    strikes |= Counter(f"jumps of the {of}'s clock" for _, _, of, _ in records.jumps)
    strikes |= {"checkpoints": trial.checkpoints, "looks at the history": trial.striker.looks}
    seconds = time.monotonic() - began
    return Report(seed=laboratory.seed, verdict=verdict, strikes=strikes, seconds=seconds)


def _save(folder: Path, trial: Trial, judge: Judge) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    trial.records.save(folder / "calls.jsonl")
    lines = [f"{count:7} {what}" for what, count in sorted(trial.records.counts().items())]
    lines += [f"{kind}: {detail}" for kind, detail in (*trial.records.found, *judge.found)]
    (folder / "account.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
