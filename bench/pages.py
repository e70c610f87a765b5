"""The pages on a large installation: 1,000 pools, one of them a /16 without a free address, a million tenures.

In process, without a network or a browser: what the server takes to answer, how much of that the database takes, and
the CPU time of both, which says more where other work runs on the machine. Then by a server of its own and a real
Chromium, where there is one: when something is to be seen. The database needs minutes to be made, most of it the index
of the history.
"""

from __future__ import annotations

import html
import re
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import cpu_time
from bench.browser import chromium, first_paints
from bench.database import SQL, fresh, server
from bench.page_paths import BEFORE_DEEP_PAGES, PAGES, TEAM_PAGES
from bench.report import Measured
from bench.service import serving
from rowhouse import telemetry
from rowhouse.app import create_app
from rowhouse.auth.caller import ANYBODY, Caller
from rowhouse.metrics import CALL_DURATION
from rowhouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.testing import FlaskClient

    from bench.database import BenchDatabase

ROUNDS: Final = 9
TARGET: Final = 100
"""Milliseconds of CPU time that a page may take."""

FLOOR: Final = "SELECT pool_id, count(*) FROM rowhouse.reservations GROUP BY pool_id"
"""The least that counting what all pools hold can cost."""

TEAM: Final = Caller(name="team", role="team", namespaces=("ns-7",))


def run() -> Iterator[Measured]:
    """Each page some times in turn, so that a noisy moment meets all of them."""
    with server() as running:
        database = fresh(running)
        database.execute((SQL / "pages.sql").read_text())
        telemetry.configure_logging(level="WARNING")
        settings = Settings(database_url=database.url)
        app = create_app(settings, only_caller=ANYBODY)
        of_team = create_app(settings, only_caller=TEAM)
        client, team = app.test_client(), of_team.test_client()
        try:
            taken: dict[str, list[_Taken]] = {}
            floor: list[_Taken] = []
            store = app.extensions["rowhouse"].store
            gets = [(what, partial(_get, client, path)) for what, path in PAGES.items()]
            for what, path in BEFORE_DEEP_PAGES.items():
                gets.append((what, partial(_get, client, _next(client, path))))
            gets += [(what, partial(_get, team, path)) for what, path in TEAM_PAGES.items()]
            for turn in range(ROUNDS + 1):
                took = _measured(running.pid, lambda: store.call(FLOOR))
                if turn:
                    floor.append(took)
                for what, get in gets:
                    took = _measured(running.pid, get)
                    if turn:  # the first round warms the caches
                        taken.setdefault(what, []).append(took)
        finally:
            for one in (app, of_team):
                one.extensions["rowhouse"].store.close()
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
    slowest = max(taken, key=lambda what: min(one.cpu for one in taken[what]))
    yield Measured(
        part="pages",
        what=f"of {len(taken)} pages, the most CPU time: {slowest.strip()}",
        unit="ms",
        runs=tuple(one.cpu for one in taken[slowest]),
        target=f"<= {TARGET}",
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


def _get(client: FlaskClient, path: str) -> str:
    answer = client.get(path, headers={"Accept": "text/html"})
    if answer.status_code != 200:  # noqa: PLR2004 - OK
        raise RuntimeError(f"{path}: {answer.status}")
    return answer.text


def _next(client: FlaskClient, path: str) -> str:
    """Return where the link to the next page leads."""
    found = re.search(r'rel="next" href="([^"]+)"', _get(client, path))
    if found is None:
        raise RuntimeError(f"{path} has no next page")
    return html.unescape(found[1])


def _in_database() -> float:
    """Seconds of all calls of the database so far."""
    (family,) = CALL_DURATION.collect()
    return sum(sample.value for sample in family.samples if sample.name.endswith("_sum"))
