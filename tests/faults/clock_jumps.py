"""The experiment with clocks that jump: history always agrees with the reservations, and no call fails of it."""

from __future__ import annotations

import contextlib
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final, LiteralString

from faults import service
from faults.experiment import Nemesis, Report
from faults.own_clocks import with_own_clocks
from faults.pools import Pool

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from psycopg.rows import TupleRow

    from faults.callers import Answer, Caller
    from faults.clock import Clock
    from faults.experiments import Laboratory
    from faults.postgres import Postgres

JUMPS: Final = (-86_400, -3600, -5, -1, 0, 1, 5, 3600, 86_400)
"""Seconds."""

REMADE: Final = Pool(name="remade", cidrs=("10.9.0.0/30",))
TRIES: Final = 5
SECONDS_BETWEEN_LOOKS: Final = 0.2

# One statement is one snapshot.
DISAGREEMENTS: Final = """
SELECT host(a.address), r.owner_name, r.container_id, w.name, w.container_id
  FROM (SELECT network_id, address FROM rowhouse.reservations
        UNION SELECT network_id, address FROM rowhouse.tenures) AS a
  LEFT JOIN rowhouse.reservations r ON r.network_id = a.network_id AND r.address = a.address
  LEFT JOIN LATERAL (SELECT * FROM rowhouse.who_had(a.address) h WHERE h.network_id = a.network_id) AS w ON true
 WHERE (w.namespace, w.name, w.container_id) IS DISTINCT FROM (r.owner_namespace, r.owner_name, r.container_id)
"""
EXCLUDE: Final = """
WITH forced AS MATERIALIZED (SELECT set_config('rowhouse.force', 'on', false))
INSERT INTO rowhouse.exclusions (network_id, first, last)
SELECT network_id, '10.3.0.8', '10.3.0.15' FROM forced, rowhouse.pools WHERE cidr = '10.3.0.0/26'
"""
REPAIR: Final = "SELECT change, host(run_first) FROM rowhouse.repair_v1('faults', '')"


class Watch(threading.Thread):
    """Compares history and reservations again and again, and notes answers that a tenure is to blame for."""

    def __init__(self, database: Postgres) -> None:
        super().__init__(name="watch", daemon=True)
        self.found: list[tuple[str, str]] = []
        self.looks = 0
        self._database = database
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_LOOKS):
            self.look()

    def look(self) -> None:
        """Compare now."""
        self.looks += 1
        for address, owner, container, name, holder in _ask(self._database, DISAGREEMENTS):
            self.found.append(
                (
                    "history and reservations disagree",
                    f"{address} is {owner}'s ({container}); who_had says {name} ({holder})",
                )
            )

    def judge(self, answer: Answer) -> None:
        """Note an answer that a tenure is to blame for."""
        if "tenure" in answer.message:
            self.found.append(("a call failed because of a tenure", answer.message))

    def end(self) -> None:
        """Stop; the last comparison is of what is left."""
        self._over.set()
        self.join()
        self.look()


class Judged:
    """A caller whose answers the watch judges."""

    def __init__(self, caller: Caller, watch: Watch) -> None:
        self._caller = caller
        self._watch = watch

    def add(self, pool: Pool, pod: str, container: str) -> Answer:
        """ADD of a sandbox of a pod."""
        answer = self._caller.add(pool, pod, container)
        self._watch.judge(answer)
        return answer

    def delete(self, pool: Pool, pod: str, container: str) -> Answer:
        """DEL of it."""
        answer = self._caller.delete(pool, pod, container)
        self._watch.judge(answer)
        return answer

    def close(self) -> None:
        """Close the caller."""
        self._caller.close()


def clock_jumps(laboratory: Laboratory, *, calls: int, times: int) -> Report:
    """The wall clocks of database and server jump, each for itself; exclusions are lifted and a pool is remade."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(with_own_clocks(laboratory))
        postgres, clocks = running.postgres, running.clocks
        watch = Watch(postgres)
        callers = service.clients_of(running.server.url)
        remaking = Judged(callers(99), watch)
        stack.callback(remaking.close)

        def jump(clock: Clock, dice: Random) -> None:
            clock.jump(dice.choice(JUMPS))

        def lift(dice: Random) -> None:
            _ask(postgres, EXCLUDE)
            time.sleep(0.05 * dice.random())
            _ask(postgres, "DELETE FROM rowhouse.exclusions")

        def remake(_dice: Random) -> None:
            container = f"remade{time.monotonic_ns()}"
            _until_ok(lambda: remaking.add(REMADE, "web-0", container))
            _until_ok(lambda: remaking.delete(REMADE, "web-0", container))
            _ask(postgres, "DELETE FROM rowhouse.pools WHERE cidr = '10.9.0.0/30'")

        nemeses = [
            Nemesis(
                name=f"jump of the {of}'s clock",
                strike=partial(jump, clock),
                times=times,
                calls_between=20,
            )
            for of, clock in clocks.items()
        ]
        nemeses += [
            Nemesis(name="exclusion lifted", strike=lift, times=times // 2, calls_between=40),
            Nemesis(name="pool remade", strike=remake, times=times // 2, calls_between=40),
        ]
        watch.start()

        def rest() -> str:
            service.stop(running.server)
            watch.end()
            # What the last jump left in the future, where no call has been since.
            _ask(postgres, REPAIR)
            watch.look()
            return postgres.conninfo()

        report = laboratory.run_until_rest(
            running.folder,
            lambda number: Judged(callers(number), watch),
            calls=calls,
            nemeses=nemeses,
            rest=rest,
        )
        for kind, detail in watch.found:
            report.verdict.add(kind, detail)
        assert watch.looks > 1
        return report


def _ask(postgres: Postgres, statement: LiteralString) -> list[TupleRow]:
    with postgres.session() as connection:
        # An exclusion may touch what sandboxes use.
        connection.execute("SET rowhouse.force = 'on'")
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _until_ok(call: Callable[[], Answer]) -> None:
    """Repeat a call until it succeeds; a few times, as then another check has something to say."""
    for _ in range(TRIES):
        if call().phase == "ok":
            return
