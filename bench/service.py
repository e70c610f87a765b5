"""`POST /cni` over HTTP: throughput and latency, against the same function under pgbench."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.database import SQL, fresh, server
from bench.http_load import load, paced
from bench.report import Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.database import BenchDatabase
    from bench.http_load import Load

ROUNDS = 3
SECONDS = 3
CONNECTIONS = (1, 8, 32, 64, 128)
TARGET_AT = 64
HALF_LOAD_SECONDS = 60  # autovacuum looks at the database once a minute
_AUTOVACUUMS = (
    "SELECT coalesce(sum(autovacuum_count + autoanalyze_count), 0) FROM pg_stat_all_tables"
)
PROCESSES = len(os.sched_getaffinity(0))


def run() -> Iterator[Measured]:
    """ADDs of distinct pods into one hot pool of a /8, durable commits."""
    with server() as postgres, tempfile.TemporaryDirectory() as folder:
        database = fresh(postgres)
        database.execute((SQL / "floor.sql").read_text())
        with serving(Path(folder), database.conninfo) as url:
            yield from _throughput(database, url, "one process", CONNECTIONS)
        options = ("--workers", str(PROCESSES))
        with serving(Path(folder), database.conninfo, *options) as url:
            yield from _throughput(
                database, url, f"{PROCESSES} processes", (32, TARGET_AT), target=">= 0.7"
            )


def _throughput(
    database: BenchDatabase, url: str, who: str, crowds: Sequence[int], *, target: str = ""
) -> Iterator[Measured]:
    load(url, requests(), connections=32, seconds=1)  # warm
    answers: dict[int, list[Load]] = {crowd: [] for crowd in crowds}
    floors: list[float] = []
    attaches: list[float] = []
    for _ in range(ROUNDS):  # in turn, so that a noisy moment meets each of them
        floors.append(database.pgbench("insert_rows", seconds=SECONDS))
        attaches.append(database.pgbench("attach", seconds=SECONDS))
        for crowd in crowds:
            # (Calls of their own each time: a pod that has its address is another, cheaper matter.)
            sent = load(url, requests(), connections=crowd, seconds=SECONDS)
            answers[crowd].append(served(sent))
    for crowd, answered in answers.items():
        yield Measured(
            part="service",
            what=f"ADD over HTTP, {who}, {crowd} connections",
            unit="/s",
            runs=tuple(one.rate for one in answered),
            floor_name="attach under pgbench",
            floor_runs=tuple(attaches),
            target=target if crowd == TARGET_AT else "",
        )
        for share in (0.5, 0.99):
            yield latency(f"  its p{share * 100:g}", answered, share)
    yield Measured(
        part="service",
        what=f"ADD over HTTP, {who}, 32 connections",
        unit="/s",
        runs=tuple(one.rate for one in answers[32]),
        floor_name="its three rows, insert only",
        floor_runs=tuple(floors),
    )
    half = sum(one.rate for one in answers[TARGET_AT]) / ROUNDS / 2
    seconds = HALF_LOAD_SECONDS if target else SECONDS
    vacuumed = database.execute(_AUTOVACUUMS)
    yield latency(
        f"p99 at half of what 64 connections get, {who}, {seconds} s ({half:.0f}/s)",
        [
            served(paced(url, requests(), rate=half, connections=TARGET_AT, seconds=seconds))
            for _ in range(1 if target else ROUNDS)
        ],
        target="<= 25" if target else "",
    )
    if target:
        yield Measured(
            part="service",
            what="  tables that autovacuum vacuumed or analyzed meanwhile",
            unit="",
            runs=(float(str(database.execute(_AUTOVACUUMS)[0][0])) - float(str(vacuumed[0][0])),),
        )


def latency(
    what: str, answered: Sequence[Load], share: float = 0.99, *, target: str = ""
) -> Measured:
    """A line about how long a `share` of the answers took at most."""
    return Measured(
        part="service",
        what=what,
        unit="ms",
        runs=tuple(one.percentile(share) * 1000 for one in answered),
        target=target,
    )


def served(answered: Load) -> Load:
    """The load itself, if every call succeeded: figures of failures are worth nothing."""
    if answered.failed:
        raise RuntimeError(f"{answered.failed} of {len(answered.latencies)} calls failed")
    return answered


def requests(
    command: str = "ADD",
    *,
    name: str = "",
    cidrs: Sequence[str] = ("10.0.0.0/8",),
    pods: str = "",
    previous: bytes = b"",
    is_last: bool = False,
) -> Callable[[int], bytes]:
    """Number → the bytes of a call for a pod of its own, in the network `name`.

    No two of them share pods, unless these are given a name. `previous` is the result that a CHECK brings.
    `is_last`: the connection ends after it.
    """
    result = {"prevResult": json.loads(previous)} if previous else {}
    config = json.dumps(
        {
            "cniVersion": "1.0.0",
            "name": f"mynet{name}",
            "type": "macvlan",
            "ipam": {"type": "rowhouse", "ipRanges": [{"range": cidr} for cidr in cidrs]},
            **result,
        }
    ).encode()
    closing = "Connection: close\r\n" if is_last else ""
    prefix = pods or f"{os.getpid()}-{name}-{time.monotonic_ns()}"

    def request(number: int) -> bytes:
        return (
            f"POST /cni HTTP/1.1\r\nHost: bench\r\nCNI-Command: {command}\r\nCNI-ContainerID: {prefix}-{number}\r\n"
            f"CNI-NetNS: /var/run/netns/{number}\r\nCNI-IfName: net1\r\nCNI-Path: /opt/cni/bin\r\n"
            f"CNI-Args: IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME={prefix}-{number}\r\n"
            f"Rowhouse-Node: node1\r\n{closing}Content-Type: application/json\r\nContent-Length: {len(config)}\r\n\r\n"
        ).encode() + config

    return request


@contextlib.contextmanager
def serving(folder: Path, conninfo: str, *options: str, **settings: str) -> Iterator[str]:
    """The real server on a free port, processes of its own; its URL. `settings`: by their names in lower case."""
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "rowhouse",
                "serve",
                "--bind",
                "127.0.0.1:0",
                "--ready-file",
                str(ready),
                *options,
            ],
            env={
                **os.environ,
                "ROWHOUSE_DATABASE_URL": conninfo,
                **{f"ROWHOUSE_{name.upper()}": value for name, value in settings.items()},
            },
            stdout=log,
            stderr=log,
        )
        try:
            while not (ready.exists() and ready.read_text().strip()):
                if process.poll() is not None:
                    raise RuntimeError((folder / "serve.log").read_text())
                time.sleep(0.01)
            yield ready.read_text().strip()
        finally:
            process.terminate()
            process.wait()
