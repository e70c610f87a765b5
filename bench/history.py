"""Questions to a long history: who had an address, what a pod held, what ran on a node or in a prefix in a time.

Ten million tenures take five to ten minutes to make, most of it their index, and 4 GB in the folder for
temporary files; ROWHOUSE_BENCH_TENURES=1000000 makes fewer. On a busy machine the p99 is that of its
scheduler: then that of the floor is large as well, while the processor time of a question and the pages that it
touches are the same.
"""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import psycopg

from bench.database import SQL, BenchDatabase, fresh, server
from bench.report import Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg.rows import TupleRow

TENURES = int(os.environ.get("ROWHOUSE_BENCH_TENURES", "10000000"))
TURNS = 100
"""Tenures of each address, a day apart."""
NODES = 500
PODS = max(TENURES // 50, 1000)
ROUNDS = 5
QUESTIONS = 1000
RANDOM = SystemRandom()
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)

FLOOR = "SELECT * FROM rowhouse.tenures WHERE id = %s"
WHO_HAD = "SELECT * FROM rowhouse.who_had(%s, %s)"
HELD_BY = "SELECT * FROM rowhouse.held_by(%s, %s)"
RAN_ON = "SELECT * FROM rowhouse.ran_on(%s, %s, %s)"
OF_CONTAINER = "SELECT * FROM rowhouse.of_container(%s)"
IN_PREFIX = "SELECT * FROM rowhouse.in_prefix(%s, %s, %s)"
POOL_FILL = "SELECT * FROM rowhouse.pool_fill(1, %s, %s, 200)"


def run() -> Iterator[Measured]:
    """One connection, prepared statements, random questions."""
    with server() as running:
        database = fresh(running)
        began = time.perf_counter()
        _fill(database)
        yield Measured(
            part="history",
            what=f"making {TENURES:,} tenures and their indexes",
            unit="s",
            runs=(time.perf_counter() - began,),
        )
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            _stays_on_its_index(connection, WHO_HAD, _who_had(), "tenures_one_owner_at_a_time")
            _stays_on_its_index(connection, HELD_BY, _held_by(), "tenures_owner")
            _stays_on_its_index(connection, RAN_ON, _ran_on(), "tenures_node")
            _stays_on_its_index(connection, OF_CONTAINER, _of_container(), "tenures_container")
            _stays_on_its_index(
                connection, IN_PREFIX, _in_prefix(), "tenures_one_owner_at_a_time_ipv4"
            )
            yield from _asked(connection)


def _fill(database: BenchDatabase) -> None:
    sizes = {"tenures": TENURES, "pods": PODS}
    script = (SQL / "history.sql").read_text() % {name: str(n) for name, n in sizes.items()}
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())


def _asked(connection: psycopg.Connection[TupleRow]) -> Iterator[Measured]:
    kinds: dict[str, tuple[str, Callable[[], tuple[Any, ...]], str]] = {
        "floor": (FLOOR, lambda: (RANDOM.randint(1, TENURES),), ""),
        "who_had(address, at)": (WHO_HAD, _who_had, "<= 5"),
        "held_by(namespace, name)": (HELD_BY, _held_by, "<= 5"),
        "ran_on(node, an hour)": (RAN_ON, _ran_on, "<= 20"),
        "of_container(id)": (OF_CONTAINER, _of_container, "<= 20"),
        "in_prefix(a /26, a week)": (IN_PREFIX, _in_prefix, "<= 20"),
        "pool_fill(until now, 200 steps)": (POOL_FILL, _until_now, "<= 300"),
    }
    halves: dict[str, list[float]] = {}
    tails: dict[str, list[float]] = {}
    for turn in range(ROUNDS + 1):  # in turn, so that a noisy moment meets each of them
        for kind, (query, parameters, _) in kinds.items():
            asked = QUESTIONS // 10 if query == POOL_FILL else QUESTIONS
            took = sorted(_seconds(connection, query, parameters()) for _ in range(asked))
            if turn:  # the first round warms the caches
                halves.setdefault(kind, []).append(took[asked // 2] * 1000)
                tails.setdefault(kind, []).append(took[asked * 99 // 100] * 1000)
    for kind, (query, parameters, target) in list(kinds.items())[1:]:
        yield Measured(
            part="history",
            what=f"{kind} among {TENURES:,} tenures, p50",
            unit="ms",
            runs=tuple(halves[kind]),
            floor_name="one row by its primary key",
            floor_runs=tuple(halves["floor"]),
        )
        yield Measured(
            part="history", what="  its p99", unit="ms", runs=tuple(tails[kind]), target=target
        )
        cost = sorted(_processor_ms(connection, query, parameters()) for _ in range(QUESTIONS // 4))
        yield Measured(
            part="history",
            what="  its processor time in the database, p99",
            unit="ms",
            runs=(cost[len(cost) * 99 // 100],),
            target=target,
        )
        touched = sorted(_pages(connection, query, parameters()) for _ in range(QUESTIONS // 4))
        yield Measured(
            part="history",
            what="  pages it touches, p99",
            unit="pages",
            runs=(touched[len(touched) * 99 // 100],),
        )
    yield Measured(
        part="history",
        what="one row by its primary key, p99",
        unit="ms",
        runs=tuple(tails["floor"]),
    )


def _who_had() -> tuple[str, datetime]:
    """Any address, at any time of the history; usually it had an owner."""
    number = RANDOM.randint(1, TENURES // TURNS)
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    return address, FIRST_DAY + timedelta(seconds=RANDOM.randint(0, TURNS * 86_400))


def _held_by() -> tuple[str, str]:
    """A pod that held addresses: the number of a tenure gives both halves of its name."""
    number = RANDOM.randint(1, TENURES)
    return f"namespace-{number % 1000}", f"pod-{number % PODS}"


def _ran_on() -> tuple[str, datetime, datetime]:
    """An hour of any node, at any time of the history."""
    begin = FIRST_DAY + timedelta(seconds=RANDOM.randint(0, TURNS * 86_400))
    return f"node-{RANDOM.randint(0, NODES - 1)}", begin, begin + timedelta(hours=1)


def _of_container() -> tuple[str]:
    """Any container: its id is made of the numbers of its tenure and of its address."""
    number = RANDOM.randint(1, TENURES)
    address = (number - 1) % (TENURES // TURNS) + 1
    return (_md5(number) + _md5(address),)


def _in_prefix() -> tuple[str, datetime, datetime]:
    """A week of 64 addresses."""
    number = RANDOM.randint(0, TENURES // TURNS // 64) * 64
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}/26", *_week()


def _week() -> tuple[datetime, datetime]:
    begin = FIRST_DAY + timedelta(seconds=RANDOM.randint(0, (TURNS - 7) * 86_400))
    return begin, begin + timedelta(days=7)


def _until_now() -> tuple[datetime, datetime]:
    """From a moment of the history on: counted at moments of the past, and now."""
    return _week()[0], datetime.now(UTC)


def _md5(number: int) -> str:
    """As PostgreSQL's md5()."""
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


def _seconds(
    connection: psycopg.Connection[TupleRow], query: str, parameters: tuple[Any, ...]
) -> float:
    began = time.perf_counter()
    connection.execute(query.encode(), parameters, prepare=True)
    return (
        time.perf_counter() - began
    )  # The answer is here; what Python makes of its rows is not ours.


def _processor_ms(
    connection: psycopg.Connection[TupleRow], query: str, parameters: tuple[Any, ...]
) -> float:
    """How long the server's process ran for a question, without what it waited for a processor."""
    schedule = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    before = int(schedule.read_text().split()[0])
    connection.execute(query.encode(), parameters, prepare=True)
    return (int(schedule.read_text().split()[0]) - before) / 1e6


def _pages(
    connection: psycopg.Connection[TupleRow], query: str, parameters: tuple[Any, ...]
) -> float:
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}"
    row = connection.execute(explain.encode(), parameters).fetchone()
    assert row
    plan = row[0][0]["Plan"]
    return float(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def _stays_on_its_index(
    connection: psycopg.Connection[TupleRow], query: str, parameters: tuple[Any, ...], index: str
) -> None:
    """Raises RuntimeError if the plan reads the tenures another way."""
    with connection.transaction():
        connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        rows = connection.execute(f"EXPLAIN {query}".encode(), parameters).fetchall()
    plan = "\n".join(row[0] for row in rows)
    if index not in plan or "Seq Scan on tenures" in plan:
        raise RuntimeError(f"{query} left its index {index}:\n{plan}")
