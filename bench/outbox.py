"""What the mirror's outbox costs an allocation: on and off in turn, and with a mirror that takes the marks."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from bench.database import fresh, server
from bench.report import Measured
from rowhouse.store.cluster.mirror import MirrorStore

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 15
SECONDS = 2
LOOK = 0.5


def run() -> Iterator[Measured]:
    """16 clients, one hot pool, durable commits; two databases on one server, in turn."""
    with server() as running:
        off, on = fresh(running), fresh(running)
        with _mirror(on.url):
            for script, what in (
                ("attach", "attach"),
                ("attach_detach", "attach + detach (2 transactions)"),
            ):
                figures: tuple[list[float], list[float]] = ([], [])
                for round_no in range(ROUNDS):
                    pairs = [(off, figures[0]), (on, figures[1])]
                    for database, runs in pairs if round_no % 2 else reversed(pairs):
                        runs.append(database.pgbench(script, seconds=SECONDS))
                yield Measured(
                    part="outbox",
                    what=f"{what}, a mirror on",
                    unit="/s",
                    runs=tuple(figures[1]),
                    floor_name="the same, no mirror",
                    floor_runs=tuple(figures[0]),
                    target=">= 0.9",
                )


@contextlib.contextmanager
def _mirror(url: str) -> Iterator[None]:
    """What a mirror asks of the database, twice a second; the objects are not our concern here."""
    stop = threading.Event()

    def take() -> None:
        with MirrorStore(url, "") as store:
            store.turn_on("kube-system")
            while not stop.wait(LOOK):
                store.changes()
                store.writers()

    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
