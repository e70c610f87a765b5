"""The pages on a large installation: 1,000 pools, one of them a /16 without a free address, a million tenures.

In process, without a network or a browser: what the server takes to answer, how much of that the database takes, and
the CPU time of both, which says more where other work runs on the machine. Then by a server of its own and a real
Chromium, where there is one: when something is to be seen. The database needs minutes to be made, most of it the index
of the history.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import cpu_time
from bench.browser import chromium, first_paints
from bench.database import SQL, fresh, server
from bench.report import Measured
from bench.service import serving
from rowhouse import telemetry
from rowhouse.app import create_app
from rowhouse.auth.caller import ANYBODY
from rowhouse.metrics import CALL_DURATION
from rowhouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.testing import FlaskClient

    from bench.database import BenchDatabase

ROUNDS: Final = 9
FLOOR: Final = "SELECT pool_id, count(*) FROM rowhouse.reservations GROUP BY pool_id"
"""The least that counting what all pools hold can cost."""

PAGES: Final = {
    "the overview": "/",
    "all pools of a network": "/networks/3",
    "a /24": "/pools/100",
    "a full /16, in blocks": "/pools/1",
    "a /20 of it, address by address": "/pools/1?within=10.0.16.0/20",
    "the addresses of the /16": "/pools/1/addresses",
    "  its last page, by owner": "/pools/1/addresses?sort=owner&page=656",
    "  filtered by a word": "/pools/1/addresses?q=node-7",
    "the history of the /16": "/pools/1/history",
    "the history of a /24": "/pools/100/history",
    "all reservations": "/reservations",
    "  by node": "/reservations?sort=node",
    "  filtered by a node": "/reservations?q=node-7",
    "the list of pools": "/pools",
    "  by fill": "/pools?sort=-taken",
    "  filtered, by fill": "/pools?sort=-taken&q=100.64",
    "the networks": "/networks",
    "the tree of prefixes": "/pools/tree",
    "  of a network": "/pools/tree?network=3",
    "the owners": "/pods",
    "  filtered by a name": "/pods?q=pod-77",
    "  the latest ones": "/pods?sort=-since",
    "  by address": "/pods?sort=address",
    "  owners by node": "/pods?sort=node",
    "  by the number of addresses": "/pods?sort=-addresses",
    "an address": "/addresses/1/10.0.3.4",
    "a pod": "/pods/ns-1/pod-1-1",
    "a node with 950 interfaces": "/nodes/node-1",
    "a report by namespace": "/report",
    "  a report by node": "/report?by=node",
    "  a report by pool": "/report?by=pool",
    "  by network, over a quarter": "/report?by=network&period=quarter",
    "a search by the beginning of a name": "/search?q=pod-1",
}


def run() -> Iterator[Measured]:
    """Each page some times in turn, so that a noisy moment meets all of them."""
    with server() as running:
        database = fresh(running)
        database.execute((SQL / "pages.sql").read_text())
        telemetry.configure_logging(level="WARNING")
        app = create_app(Settings(database_url=database.url), only_caller=ANYBODY)
        client = app.test_client()
        try:
            taken: dict[str, list[_Taken]] = {}
            floor: list[_Taken] = []
            store = app.extensions["rowhouse"].store
            for turn in range(ROUNDS + 1):
                took = _measured(running.pid, lambda: store.call(FLOOR))
                if turn:
                    floor.append(took)
                for what, path in PAGES.items():
                    took = _measured(running.pid, partial(_get, client, path))
                    if turn:  # the first round warms the caches
                        taken.setdefault(what, []).append(took)
        finally:
            app.extensions["rowhouse"].store.close()
        yield from _answers(taken, floor)
        yield from _first_paints(database)


def _answers(taken: dict[str, list[_Taken]], floor: list[_Taken]) -> Iterator[Measured]:
    for what, times in taken.items():
        yield Measured(
            part="pages",
            what=f"{what}: answered",
            unit="ms",
            runs=tuple(one.elapsed for one in times),
        )
        yield Measured(
            part="pages",
            what="  its queries in all",
            unit="ms",
            runs=tuple(one.queries for one in times),
            floor_name="one count of all reservations by pool",
            floor_runs=tuple(one.elapsed for one in floor),
        )
        yield Measured(
            part="pages",
            what="  CPU time of server and database",
            unit="ms",
            runs=tuple(one.cpu for one in times),
            floor_name="that of the count",
            floor_runs=tuple(one.cpu for one in floor),
        )


def _first_paints(database: BenchDatabase) -> Iterator[Measured]:
    """A page of a few words, by the same server, is what server and browser take at the least."""
    if (program := chromium()) is None:
        print("the first paint is not measured: there is no chromium")
        return
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), database.conninfo) as url:
        known = {"a page of a few words (/livez)": "/livez", **PAGES}
        taken = first_paints(program, url, known.values(), rounds=ROUNDS)
    for what, path in known.items():
        yield Measured(
            part="pages",
            what=f"{what}: first paint in Chromium",
            unit="ms",
            runs=tuple(taken[path]),
            target="<= 1000" if path != "/livez" else "",
        )


@dataclass(frozen=True, slots=True)
class _Taken:
    """Milliseconds: in all, of the queries, and of the CPU in server and database."""

    elapsed: float
    queries: float
    cpu: float


def _measured(postmaster: int, work: Callable[[], object]) -> _Taken:
    database, process = cpu_time.of_sessions(postmaster), time.process_time()
    queries, began = _in_database(), time.perf_counter()
    work()
    elapsed = time.perf_counter() - began
    queries = _in_database() - queries
    cpu = time.process_time() - process + cpu_time.of_sessions(postmaster) - database
    return _Taken(elapsed * 1000, queries * 1000, cpu * 1000)


def _get(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    if answer.status_code != 200:  # noqa: PLR2004 - OK
        raise RuntimeError(f"{path}: {answer.status}")


def _in_database() -> float:
    """Seconds of all calls of the database so far."""
    (family,) = CALL_DURATION.collect()
    return sum(sample.value for sample in family.samples if sample.name.endswith("_sum"))
