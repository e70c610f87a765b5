"""The pages on a large installation: 1,000 pools, one of them a /16 without a free address, a million tenures.

In process, without a network or a browser: what the server takes to answer, and how much of that the
database takes. Then by a server of its own and a real Chromium, where there is one: when something is to be seen.
The database needs minutes to be made, most of it the index of the history.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

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
    from collections.abc import Iterator

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
    "  filtered by a node": "/reservations?q=node-7",
    "the list of pools": "/pools",
    "  filtered, by fill": "/pools?sort=-taken&q=100.64",
    "the tree of prefixes": "/pools/tree",
    "  of a network": "/pools/tree?network=3",
    "the owners": "/pods",
    "  filtered by a name": "/pods?q=pod-77",
    "an address": "/addresses/1/10.0.3.4",
    "a pod": "/pods/ns-1/pod-1-1",
    "a node with 950 interfaces": "/nodes/node-1",
    "a report by namespace": "/report",
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
            taken: dict[str, list[tuple[float, float]]] = {}
            floor: list[float] = []
            store = app.extensions["rowhouse"].store
            for turn in range(ROUNDS + 1):
                began = time.perf_counter()
                store.call(FLOOR)
                if turn:
                    floor.append((time.perf_counter() - began) * 1000)
                for what, path in PAGES.items():
                    took = _answered(client, path)
                    if turn:  # the first round warms the caches
                        taken.setdefault(what, []).append(took)
        finally:
            app.extensions["rowhouse"].store.close()
        yield from _answers(taken, floor)
        yield from _first_paints(database)


def _answers(taken: dict[str, list[tuple[float, float]]], floor: list[float]) -> Iterator[Measured]:
    for what, times in taken.items():
        yield Measured(
            part="pages",
            what=f"{what}: answered",
            unit="ms",
            runs=tuple(whole for whole, _ in times),
        )
        yield Measured(
            part="pages",
            what="  its queries in all",
            unit="ms",
            runs=tuple(queries for _, queries in times),
            floor_name="one count of all reservations by pool",
            floor_runs=tuple(floor),
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


def _answered(client: FlaskClient, path: str) -> tuple[float, float]:
    """Milliseconds of a page, and of its queries."""
    before, began = _in_database(), time.perf_counter()
    answer = client.get(path, headers={"Accept": "text/html"})
    took = time.perf_counter() - began
    if answer.status_code != 200:  # noqa: PLR2004 - OK
        raise RuntimeError(f"{path}: {answer.status}")
    return took * 1000, (_in_database() - before) * 1000


def _in_database() -> float:
    """Seconds of all calls of the database so far."""
    (family,) = CALL_DURATION.collect()
    return sum(sample.value for sample in family.samples if sample.name.endswith("_sum"))
