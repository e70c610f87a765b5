"""Memory of the server as requests pass through it; ROWHOUSE_BENCH_REQUESTS=1000000 for the long run."""

from __future__ import annotations

import itertools
import os
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from bench.database import fresh, server
from bench.http_load import load
from bench.report import Measured
from bench.service import requests, served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS = int(os.environ.get("ROWHOUSE_BENCH_REQUESTS", "50000"))
CONNECTIONS = 32
SLICE_SECONDS = 2.0


def run() -> Iterator[Measured]:
    """Each pod is added and deleted, so the database stays small and the history grows."""
    with server() as postgres, tempfile.TemporaryDirectory() as folder:
        database = fresh(postgres)
        with serving(Path(folder), database.conninfo) as url:
            pods = f"memory-{os.getpid()}"
            add, delete = (requests(command, pods=pods) for command in ("ADD", "DEL"))
            numbers = itertools.count()
            done = 0
            sizes: list[float] = []

            def call(_number: int) -> bytes:
                """ADD and DEL in turn; a pod goes when its ADD has been answered for long."""
                pod, is_delete = divmod(next(numbers), 2)
                return delete(pod - 2 * CONNECTIONS) if is_delete else add(pod)

            while done < REQUESTS:
                answered = served(load(url, call, connections=CONNECTIONS, seconds=SLICE_SECONDS))
                done += len(answered.latencies)
                sizes.append(_resident(url))
    middle = sizes[len(sizes) // 2]
    yield Measured(
        part="memory",
        what=f"resident memory of a server process after {done:,} requests",
        unit="MiB",
        runs=(sizes[-1],),
        target="<= 120",
    )
    yield Measured(
        part="memory",
        what="  the same, against half as many requests",
        unit="MiB",
        runs=(sizes[-1],),
        floor_name="half way",
        floor_runs=(middle,),
        target="<= 1.05",
    )


def _resident(url: str) -> float:
    """MiB, as the server's own metrics say."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:  # noqa: S310 - http, ours
        for line in answer.read().decode().splitlines():
            if line.startswith("process_resident_memory_bytes "):
                return float(line.split()[1]) / 2**20
    raise RuntimeError("the metrics name no resident memory")
