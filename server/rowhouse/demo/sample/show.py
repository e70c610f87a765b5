"""Start the server, fill it, and let pods come and go until Ctrl-C."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from random import SystemRandom
from typing import Final

import click
import httpx2

from rowhouse.demo.errors import DemoError
from rowhouse.demo.interrupts import Interrupts
from rowhouse.demo.programs import run
from rowhouse.demo.sample.cluster import WORKLOADS, Pod
from rowhouse.demo.server import Server
from rowhouse.embedded import binaries

_BY_HAND: Final = (
    ("192.168.40.2", "nas-1", "the older filer"),
    ("192.168.40.3", "nas-2", "ticket 4711"),
    ("192.168.40.5", "backup", ""),
    ("192.168.40.6", "tape library", "until the end of the year"),
)
_SECONDS_BETWEEN: Final = 1.5
_CALLS_AT_ONCE: Final = 8
_RANDOM: Final = SystemRandom()


def show(bind: str) -> None:
    """Serve a sample cluster on HOST:PORT until Ctrl-C, and leave nothing behind.

    Raises:
        DemoError: the sample cluster could not be created.
        Interrupted: by SIGINT, SIGTERM or SIGHUP.
    """
    folder = Path(tempfile.gettempdir(), f"rowhouse-demo-{secrets.token_hex(4)}")
    with Interrupts() as interrupts, Server(folder, enter=(), bind=bind) as server:
        click.echo(
            "Starting a server with its own PostgreSQL, and filling it with a sample cluster …"
        )
        server.wait_until_ready(interrupts.check)
        with httpx2.Client(base_url=server.url, timeout=30) as client:
            _past(server)
            interrupts.check()
            pods = _present(client)
            _psql(server, "SELECT rowhouse.sample_fill_v1()")
            click.echo(f"\n    {server.url}\n\nPods come and go there until you press Ctrl-C.")
            while True:
                _let_live(client, pods)
                until = time.monotonic() + _SECONDS_BETWEEN
                while time.monotonic() < until:
                    interrupts.check()
                    time.sleep(0.1)


def _past(server: Server) -> None:
    source = files("rowhouse.demo.sample") / "past.sql"
    _psql(server, source.read_text(encoding="utf-8"))


def _psql(server: Server, text: str) -> None:
    command = [str(binaries() / "psql"), "--no-psqlrc", "--quiet", "--file=-"]
    done = run([*command, "--set=ON_ERROR_STOP=1", server.conninfo], given=text)
    if done.returncode != 0:
        raise DemoError(f"psql: {done.stderr.strip()}")


def _present(client: httpx2.Client) -> list[Pod]:
    """Create the present: first by people, then by pods, some of which have just ended."""
    _reserve(client)
    pods = [Pod.of(load, number) for load in WORKLOADS for number in range(load.replicas)]
    with ThreadPoolExecutor(_CALLS_AT_ONCE) as threads:
        for _ in threads.map(lambda pod: pod.add(client), pods):
            pass
        # Those of a StatefulSet keep their addresses; in a pool with a reuse delay, addresses go into quarantine.
        gone = [pod for pod in pods if pod.name in {"store-7", "store-8"}]
        gone += [pod for pod in pods if pod.workload.app == "reader"][::11]
        for _ in threads.map(lambda pod: pod.delete(client), gone):
            pass
    _drain(client, "legacy")
    return [pod for pod in pods if pod not in gone]


def _reserve(client: httpx2.Client) -> None:
    pool = _pool(client, "storage-a")
    for address, name, description in _BY_HAND:
        _checked(
            client.post(
                "/api/v1/reservations",
                json={
                    "pool_id": pool,
                    "addresses": [address],
                    "owner": {"kind": "static", "name": name},
                    "description": description,
                },
            )
        )


def _drain(client: httpx2.Client, name: str) -> None:
    _checked(client.patch(f"/api/v1/pools/{_pool(client, name)}", json={"drained": True}))


def _pool(client: httpx2.Client, name: str) -> int:
    found = _checked(client.get("/api/v1/pools", params={"name": name})).json()["items"]
    return int(found[0]["id"])


def _checked(answer: httpx2.Response) -> httpx2.Response:
    if not answer.is_success:
        raise DemoError(f"{answer.request.method} {answer.request.url}: {answer.text}")
    return answer


def _let_live(client: httpx2.Client, pods: list[Pod]) -> None:
    """Replace a pod by another one of its workload on another node; sometimes add one more."""
    moving = [pod for pod in pods if pod.workload.app in {"encode", "session", "worker", "collect"}]
    old = _RANDOM.choice(moving)
    with contextlib.suppress(DemoError):  # its pool may be full meanwhile
        old.delete(client)
        pods.remove(old)
        for _ in range(_RANDOM.choice((1, 1, 1, 2))):
            new = Pod.of(old.workload, _RANDOM.randrange(10_000))
            new.add(client)
            pods.append(new)
