"""The service under conditions: a slow disk, a slow network, a hot neighbour."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg.conninfo

from bench.database import fresh, server
from bench.http_load import load, paced
from bench.report import Measured
from bench.service import latency, requests, served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.http_load import Load

ROUNDS = 3
SECONDS = 4
CONNECTIONS = 64
COMMIT_DELAYS = (5, 20)
NETWORK_DELAY = 5.0
IDLE_RATE = 20.0


def run() -> Iterator[Measured]:
    """ADDs into one hot pool; and into a quiet one beside it."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _slow_disk(Path(folder))
        yield from _slow_network(Path(folder))
        yield from _two_networks(Path(folder))


def _slow_disk(folder: Path) -> Iterator[Measured]:
    """`commit_delay` makes each flush of the log wait, as a slow disk would."""
    for milliseconds in COMMIT_DELAYS:
        with server() as postgres:
            database = fresh(postgres)
            for setting in (f"commit_delay = {milliseconds * 1000}", "commit_siblings = 0"):
                database.set_default(setting)
            with serving(folder, database.conninfo) as url:
                load(url, requests(), connections=CONNECTIONS, seconds=1)
                answered = [
                    served(load(url, requests(), connections=CONNECTIONS, seconds=SECONDS))
                    for _ in range(ROUNDS)
                ]
        yield Measured(
            part="conditions",
            what=f"ADD over HTTP, a commit takes {milliseconds} ms more, {CONNECTIONS} connections",
            unit="/s",
            runs=tuple(one.rate for one in answered),
            target=">= 800" if milliseconds == COMMIT_DELAYS[-1] else "",
        )
        yield latency("  its p99", answered)


def _slow_network(folder: Path) -> Iterator[Measured]:
    """The database is NETWORK_DELAY away: each answer of it comes so much later."""
    with server() as postgres:
        database = fresh(postgres)
        with (
            _delaying(database.conninfo, folder) as far_away,
            serving(folder, far_away) as url,
        ):
            load(url, requests(), connections=CONNECTIONS, seconds=1)
            answered = [
                served(load(url, requests(), connections=CONNECTIONS, seconds=SECONDS))
                for _ in range(ROUNDS)
            ]
            alone = [
                served(load(url, requests(), connections=1, seconds=SECONDS / 2))
                for _ in range(ROUNDS)
            ]
    away = f"the database {NETWORK_DELAY:g} ms away"
    yield Measured(
        part="conditions",
        what=f"ADD over HTTP, {away}, {CONNECTIONS} connections",
        unit="/s",
        runs=tuple(one.rate for one in answered),
    )
    yield latency("  its p99", answered)
    yield latency(f"p50 of one connection, {away}: one round trip", alone, 0.5)


def _two_networks(folder: Path) -> Iterator[Measured]:
    """A quiet network alone, then beside one that takes half of what the server can do."""
    with server() as postgres:
        database = fresh(postgres)
        with serving(folder, database.conninfo) as url:
            hot = requests(name="hot")
            most = served(load(url, hot, connections=CONNECTIONS, seconds=SECONDS)).rate
            alone, beside = [], []
            for _ in range(ROUNDS):
                alone.append(_quiet(url))
                neighbour = multiprocessing.get_context("fork").Process(
                    target=_hot, args=(url, most / 2, SECONDS + 2)
                )
                neighbour.start()
                beside.append(_quiet(url))
                neighbour.join()
    yield Measured(
        part="conditions",
        what=f"p99 of a quiet network beside a hot one ({most / 2:.0f}/s)",
        unit="ms",
        runs=tuple(one.percentile(0.99) * 1000 for one in beside),
        floor_name="its p99 alone",
        floor_runs=tuple(one.percentile(0.99) * 1000 for one in alone),
        target="<= 2",
    )


def _quiet(url: str) -> Load:
    return served(
        paced(
            url,
            requests(name="quiet", cidrs=("192.168.0.0/16",)),
            rate=IDLE_RATE,
            connections=4,
            seconds=SECONDS,
        )
    )


def _hot(url: str, rate: float, seconds: float) -> None:
    paced(url, requests(name="hot"), rate=rate, connections=CONNECTIONS, seconds=seconds)


@contextlib.contextmanager
def _delaying(conninfo: str, folder: Path) -> Iterator[str]:
    """A proxy in front of PostgreSQL's socket that holds back what the database says."""
    parameters = psycopg.conninfo.conninfo_to_dict(conninfo)
    there = f"{parameters['host']}/.s.PGSQL.{parameters['port']}"
    loop = asyncio.new_event_loop()
    listening = threading.Event()

    async def copy(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float
    ) -> None:
        while data := await reader.read(65536):
            # In order, and each as late as the others: nothing waits for what was sent before it.
            loop.call_later(delay, writer.write, data)
        loop.call_later(delay, writer.close)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_unix_connection(there)
        await asyncio.gather(
            copy(reader, questions, 0.0), copy(answers, writer, NETWORK_DELAY / 1000)
        )

    async def start() -> None:
        await asyncio.start_unix_server(serve, folder / f".s.PGSQL.{parameters['port']}")
        listening.set()

    starting = loop.create_task(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening.wait()
    try:
        yield conninfo.replace(quote(str(parameters["host"]), safe=""), quote(str(folder), safe=""))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        starting.result()
