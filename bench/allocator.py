"""The allocator alone under pgbench, its floors in the same run, and how it grows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.database import SQL, BenchDatabase, fresh, server
from bench.report import Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.embedded import EmbeddedPostgres

ROUNDS = 3
SECONDS = 2
WARM_SECONDS = 30
WARM_HOLES_SECONDS = 5
"""Of 100,000 holes 30 s would leave next to none."""


def run() -> Iterator[Measured]:
    """16 clients, one hot pool of a /8, durable commits."""
    with server() as running:
        yield from _against_floors(running)
        yield from _grown(running, "1,000,000 reservations", "million", ">= 0.9")
        yield from _grown(
            running, "100,000 single-address holes", "holes", ">= 0.6", warm=WARM_HOLES_SECONDS
        )
        yield from _grown(running, "10,000 pools beside it", "pools", ">= 0.9")
        yield from _new_pools(running)


def _with_floors(running: EmbeddedPostgres) -> BenchDatabase:
    database = fresh(running)
    database.execute((SQL / "floor.sql").read_text())
    return database


def _against_floors(running: EmbeddedPostgres) -> Iterator[Measured]:
    database = _with_floors(running)
    figures: dict[str, list[float]] = {}
    for _ in range(ROUNDS):  # in turn, so that a noisy moment meets each of them
        for script in ("insert_row", "insert_rows", "attach", "attach_detach"):
            figures.setdefault(script, []).append(database.pgbench(script, seconds=SECONDS))
    rows = tuple(figures["insert_rows"])
    attach = tuple(figures["attach"])
    yield Measured(
        part="allocator",
        what="one bare row inserted (the barest floor)",
        unit="/s",
        runs=tuple(figures["insert_row"]),
    )
    yield Measured(
        part="allocator",
        what="attach",
        unit="/s",
        runs=attach,
        floor_name="its three rows, insert only",
        floor_runs=rows,
        target=">= 0.5",
    )
    yield Measured(
        part="allocator",
        what="attach",
        unit="/s",
        runs=attach,
        floor_name="one bare row, insert only",
        floor_runs=tuple(figures["insert_row"]),
    )
    yield Measured(
        part="allocator",
        what="attach + detach (2 transactions)",
        unit="pairs/s",
        runs=tuple(figures["attach_detach"]),
        floor_name="its three rows, insert only",
        floor_runs=rows,
    )


def _grown(
    running: EmbeddedPostgres, what: str, script: str, target: str, *, warm: int = WARM_SECONDS
) -> Iterator[Measured]:
    empty, grown = fresh(running), fresh(running)
    grown.execute("\n".join(_statements(script)))
    # After the checkpoint that ends the filling, the first change of each page of an index is written to
    # the log as a whole page (full_page_writes). A small table has few such pages and is through with
    # them at once; of a large one it takes a while, as it does for a moment after each checkpoint in
    # production. What is compared is the time between.
    empty.pgbench("attach", seconds=SECONDS)
    grown.pgbench("attach", seconds=warm)
    figures: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        figures[0].append(empty.pgbench("attach", seconds=SECONDS))
        figures[1].append(grown.pgbench("attach", seconds=SECONDS))
    yield Measured(
        part="allocator",
        what=f"attach with {what}",
        unit="/s",
        runs=tuple(figures[1]),
        floor_name="the empty pool",
        floor_runs=tuple(figures[0]),
        target=target,
    )


def _statements(script: str) -> list[str]:
    return (SQL / f"{script}.sql").read_text().splitlines()


def _new_pools(running: EmbeddedPostgres) -> Iterator[Measured]:
    database = fresh(running)
    for what, cidr in (("a /8", "10.0.0.0/8"), ("a /64", "fd00:1::/64")):
        runs = []
        for i in range(ROUNDS):
            began = time.perf_counter()
            database.execute(
                f"SET search_path = rowhouse; SELECT ensure_pool('network-{i}', '{cidr}', false)"
            )
            runs.append((time.perf_counter() - began) * 1000)
        yield Measured(
            part="allocator",
            what=f"making a pool of {what}, connection included",
            unit="ms",
            runs=tuple(runs),
            target="<= 50",
        )
