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
from bench.http_load import load
from bench.report import Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 3
SECONDS = 3
CONNECTIONS = (1, 8, 32, 64, 128)


def run() -> Iterator[Measured]:
    """ADDs of distinct pods into one hot pool of a /8, durable commits."""
    with server() as postgres, tempfile.TemporaryDirectory() as folder:
        database = fresh(postgres)
        database.execute((SQL / "floor.sql").read_text())
        with serving(Path(folder), database.conninfo) as url:
            requests = add_requests()
            load(url, requests, connections=32, seconds=1)  # warm
            rates: dict[int, list[float]] = {}
            p50s: dict[int, list[float]] = {}
            p99s: dict[int, list[float]] = {}
            floors: list[float] = []
            attaches: list[float] = []
            for _ in range(ROUNDS):
                floors.append(database.pgbench("insert_rows", seconds=SECONDS))
                attaches.append(database.pgbench("attach", seconds=SECONDS))
                for connections in CONNECTIONS:
                    answered = load(url, requests, connections=connections, seconds=SECONDS)
                    if answered.failed:
                        raise RuntimeError(
                            f"{answered.failed} of {len(answered.latencies)} ADDs failed"
                        )
                    rates.setdefault(connections, []).append(answered.rate)
                    p50s.setdefault(connections, []).append(answered.percentile(0.5) * 1000)
                    p99s.setdefault(connections, []).append(answered.percentile(0.99) * 1000)
            for connections in CONNECTIONS:
                yield Measured(
                    part="service",
                    what=f"ADD over HTTP, {connections} connections",
                    unit="/s",
                    runs=tuple(rates[connections]),
                    floor_name="attach under pgbench",
                    floor_runs=tuple(attaches),
                    target=">= 0.5" if connections == 64 else "",  # noqa: PLR2004 - the row of the target
                )
                for name, figures in (("p50", p50s), ("p99", p99s)):
                    yield Measured(
                        part="service",
                        what=f"  its {name}",
                        unit="ms",
                        runs=tuple(figures[connections]),
                    )
            yield Measured(
                part="service",
                what="ADD over HTTP, 32 connections",
                unit="/s",
                runs=tuple(rates[32]),
                floor_name="its three rows, insert only",
                floor_runs=tuple(floors),
            )


def add_requests() -> Callable[[int], bytes]:
    """Number → the bytes of an ADD for a pod of its own."""
    config = json.dumps(
        {
            "cniVersion": "1.0.0",
            "name": "mynet",
            "type": "macvlan",
            "ipam": {"type": "rowhouse", "range": "10.0.0.0/8"},
        }
    ).encode()
    prefix = f"{os.getpid()}-{time.monotonic_ns()}"

    def request(number: int) -> bytes:
        return (
            f"POST /cni HTTP/1.1\r\nHost: bench\r\nCNI-Command: ADD\r\nCNI-ContainerID: {prefix}-{number}\r\n"
            f"CNI-NetNS: /var/run/netns/{number}\r\nCNI-IfName: net1\r\nCNI-Path: /opt/cni/bin\r\n"
            f"CNI-Args: IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME={prefix}-{number}\r\n"
            f"Rowhouse-Node: node1\r\nContent-Type: application/json\r\nContent-Length: {len(config)}\r\n\r\n"
        ).encode() + config

    return request


@contextlib.contextmanager
def serving(folder: Path, conninfo: str) -> Iterator[str]:
    """The real server on a free port, a process of its own; its URL."""
    ready = folder / "ready"
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
            ],
            env={**os.environ, "ROWHOUSE_DATABASE_URL": conninfo},
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
