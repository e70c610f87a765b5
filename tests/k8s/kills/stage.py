"""A small production: server, controller with its mirror, node daemon, all processes that may be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fixtures.shared import closed_port

if TYPE_CHECKING:
    import threading
    from collections import defaultdict
    from collections.abc import Callable
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from faults.callers import Answer, Caller
    from faults.pools import Pool
    from fixtures.apiserver import ApiServer

    Objects = dict[str, dict[str, dict[str, str]]]

MAX_WAIT_SECONDS = 120.0


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Program:
    """A program that is started again after each kill."""

    def __init__(self, folder: Path, name: str, arguments: list[str], **environment: str) -> None:
        self.log = folder / f"{name}.log"
        self._arguments = arguments
        inherited = {name: value for name, value in os.environ.items() if "ROWHOUSE_" not in name}
        self._environment = inherited | environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def strike(self) -> None:
        self.kill()
        self.start()


def server(folder: Path, url: str) -> tuple[Program, str]:
    """`rowhouse serve`, always on the same port; and its URL."""
    port = closed_port()
    program = Program(
        folder,
        "server",
        ["rowhouse", "serve", "--bind", f"127.0.0.1:{port}", "--threads", "8"],
        ROWHOUSE_DATABASE_URL=url,
        ROWHOUSE_LOG_LEVEL="WARNING",
        ROWHOUSE_POOL_SIZE="8",
        ROWHOUSE_NODE_RATE="0",
        ROWHOUSE_CALLER_RATE="0",
    )
    return program, f"http://127.0.0.1:{port}"


def controller(folder: Path, url: str, kubeconfig: Path) -> Program:
    """`rowhouse controller --mirror`, in a hurry."""
    prompt = ["--grace", "1s", "--settle", "1s", "--interval", "2s", "--listen", "127.0.0.1:0"]
    arguments = ["rowhouse", "controller", "--mirror", *prompt, "--kubeconfig", str(kubeconfig)]
    return Program(folder, "controller", arguments, ROWHOUSE_DATABASE_URL=url)


@dataclass
class Kubelet:
    """A client's way to the service; its pods are in the cluster from before their ADD until after their DEL."""

    kube: ApiServer
    caller: Caller
    sandboxes: defaultdict[tuple[str, str], set[str]]
    lock: threading.Lock

    def add(self, pool: Pool, pod: str, container: str) -> Answer:
        with self.lock:
            if not self.sandboxes[pool.name, pod]:
                self.kube.pod(pod, namespace=pool.name)
            self.sandboxes[pool.name, pod].add(container)
        return self.caller.add(pool, pod, container)

    def delete(self, pool: Pool, pod: str, container: str) -> Answer:
        answer = self.caller.delete(pool, pod, container)
        with self.lock:
            mine = self.sandboxes[pool.name, pod]
            if answer.phase == "ok" and container in mine:
                mine.discard(container)
                if not mine:
                    self.kube.delete_pod(pod, namespace=pool.name)
        return answer

    def close(self) -> None:
        self.caller.close()


def expected_objects(
    dba: psycopg.Connection[TupleRow],
) -> tuple[Objects, dict[str, dict[str, str]]]:
    """What the mirror must have made of the database, worked out by the database."""
    pools: Objects = {}
    for (cidr,) in dba.execute("SELECT cidr::text FROM pools").fetchall():
        pools[cidr.replace("/", "-").replace(":", "-")] = {}
    reservations = {}
    rows = dba.execute(
        """SELECT p.cidr::text, host(r.address), (r.address - network(p.cidr))::text, r.container_id,
                  r.owner_namespace || '/' || r.owner_name, r.owner_interface
             FROM reservations r JOIN pools p ON p.id = r.pool_id"""
    )
    for cidr, address, key, container, podref, interface in rows.fetchall():
        holder = {"id": container, "podref": podref, "ifname": interface}
        pools[cidr.replace("/", "-").replace(":", "-")][key] = holder
        reservations[address.replace(":", "-")] = {"podref": podref, "ifname": interface}
    return pools, reservations
