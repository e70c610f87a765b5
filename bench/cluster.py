"""A simulated cluster of 1,000 nodes and 100,000 pods: imported from whereabouts, churned, reconciled, mirrored.

ROWHOUSE_BENCH_PODS=10000 makes it smaller. The API server is the tests' own, in a process of its own, and
answers from the same two cores.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from bench.database import SQL, fresh, server
from bench.report import Measured
from rowhouse.domain.administration import Actor
from rowhouse.domain.requests import Owner, RangeRequest, Sandbox
from rowhouse.importers.whereabouts.inventory import inventory
from rowhouse.importers.whereabouts.live import read_cluster
from rowhouse.ipam.attach import attach
from rowhouse.ipam.detach import detach
from rowhouse.ipam.importing import BATCH, Import
from rowhouse.k8s.client import kubernetes_client
from rowhouse.store.connection.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightkube import Client

    from bench.database import BenchDatabase

NODES = 1000
PODS = int(os.environ.get("ROWHOUSE_BENCH_PODS", "100000"))
POOLS = 50
CHURN = PODS // 20
LEAKS = PODS // 100
THREADS = 8
_TESTS = Path(__file__).parents[1] / "tests"
_FLOOR = """
WITH batch AS (SELECT * FROM rowhouse.reservations WHERE network_id = %s AND address > %s ORDER BY address LIMIT %s),
kept AS (INSERT INTO floor.reservations SELECT * FROM batch),
used AS (INSERT INTO floor.attachments SELECT a.* FROM rowhouse.attachments a JOIN batch USING (network_id, address)),
history AS (INSERT INTO floor.tenures SELECT t.* FROM rowhouse.tenures t JOIN batch ON batch.tenure_id = t.id)
SELECT max(address) FROM batch
"""


# The kernel's own figure for a child (ru_maxrss) counts what its parent had when it was started.
_RUN = """
import atexit, sys
from pathlib import Path
from rowhouse.cli import main

def tell():
    lines = Path("/proc/self/status").read_text().splitlines()
    sys.stderr.write(next(line for line in lines if line.startswith("VmHWM")))

atexit.register(tell)
main()
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command: what it printed, seconds by the clock and of the CPU, and its peak memory in MiB."""

    printed: str
    seconds: float
    cpu: float
    memory: float


def run() -> Iterator[Measured]:
    """All of it, in the order in which it would happen."""
    with server() as postgres, tempfile.TemporaryDirectory() as name:
        database, folder = fresh(postgres), Path(name)
        with api_server(folder) as kubeconfig:
            yield from _imported(database, kubeconfig)
            yield from _churned(database, kubeconfig)
            yield from _reconciled(database, kubeconfig)
            yield from _mirrored(database, kubeconfig)
        problems = database.execute("SELECT * FROM rowhouse.integrity_problems")
        if problems:
            raise RuntimeError(f"the database finds problems: {problems[:3]}")


@contextlib.contextmanager
def api_server(folder: Path) -> Iterator[Path]:
    """The large cluster's; its kubeconfig file."""
    asked = ("--nodes", str(NODES), "--pods", str(PODS), "--pools", str(POOLS))
    with subprocess.Popen(
        [sys.executable, "-m", "fixtures.apiserver.large", str(folder), *asked],
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError("the API server did not start")
        try:
            yield folder / "cluster"
        finally:
            process.communicate()


def rowhouse(database: BenchDatabase, kubeconfig: Path, *arguments: str) -> Ran:
    """Runs the command as a process; it must succeed."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN, *arguments, "--kubeconfig", str(kubeconfig)],
            env={**os.environ, "ROWHOUSE_DATABASE_URL": database.url},
            stdout=output,
            stderr=errors,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        for file in (output, errors):
            file.seek(0)
        printed, said = output.read().decode(), errors.read().decode()
    if process.returncode:
        raise RuntimeError(f"rowhouse {arguments[0]}: status {process.returncode}\n{said}")
    kilobytes = float(said.rpartition("VmHWM:")[2].split()[0])
    return Ran(printed, seconds, used.ru_utime + used.ru_stime, kilobytes / 1024)


def _imported(database: BenchDatabase, kubeconfig: Path) -> Iterator[Measured]:
    """Its steps, one by one, and then the command as a process, which finds nothing to do any more."""
    began = time.perf_counter()
    with kubernetes_client(str(kubeconfig)) as client:
        objects = read_cluster(client, None)
    yield _one(f"import: {PODS:,} pods and reservations read from the API", "s", _since(began))
    began = time.perf_counter()
    known = inventory(objects)
    yield _one("import: the inventory of them", "s", _since(began))
    store = Database(database.url, pool_size=1)
    began = time.perf_counter()
    taken = Counter(one.outcome for one in Import(store, Actor(name="bench"), "", known).findings())
    seconds = _since(began)
    store.close()
    if taken != {"new": PODS + POOLS}:
        raise RuntimeError(f"the import took {taken}")
    yield Measured(
        part="cluster",
        what=f"import: {PODS:,} addresses taken, in transactions of {BATCH}",
        unit="s",
        runs=(seconds,),
        floor_name="the same rows by INSERT alone",
        floor_runs=(bare_inserts(database),),
    )
    again = rowhouse(database, kubeconfig, "import", "whereabouts", "-o", "json")
    if json.loads(again.printed)["summary"].get("addresses_there") != PODS:
        raise RuntimeError("a second import found something to do")
    yield from _figures("a second import, as a process, which finds nothing to do", again)
    database.execute("SELECT 1;\nVACUUM ANALYZE;")


def _since(began: float) -> float:
    return time.perf_counter() - began


def bare_inserts(database: BenchDatabase) -> float:
    """Seconds for the rows that the import made, in transactions of the same size."""
    database.execute((SQL / "cluster_floor.sql").read_text())
    with psycopg.connect(database.conninfo, autocommit=True) as session:
        row = session.execute("SELECT min(network_id) FROM rowhouse.reservations").fetchone()
        network = row[0] if row else 0
        last: Any = "0.0.0.0"  # noqa: S104 - the lowest address
        began = time.perf_counter()
        while last is not None:
            found = session.execute(_FLOOR, (network, last, BATCH)).fetchone()
            last = found[0] if found else None
        seconds = time.perf_counter() - began
    database.execute("DROP SCHEMA floor CASCADE")
    return seconds


def _churned(database: BenchDatabase, kubeconfig: Path) -> Iterator[Measured]:
    """Pods go and others come, on the nodes' side and in the API; some DELs are lost."""
    store = Database(database.url, pool_size=THREADS)
    each = PODS // POOLS
    leaked = [(n % POOLS, each - n // POOLS) for n in range(LEAKS)]
    gone = [(n % POOLS, 1 + n // POOLS) for n in range(CHURN)]
    with kubernetes_client(str(kubeconfig)) as client, ThreadPoolExecutor(THREADS) as threads:
        # The API server gives the uids, which the ADDs then bring.
        uids = list(threads.map(lambda place: _appear(client, *place), gone))
        began = time.perf_counter()
        list(threads.map(lambda n: _replace(store, *gone[n], uids[n]), range(CHURN)))
        seconds = time.perf_counter() - began
        list(threads.map(lambda place: _vanish(client, *place), [*gone, *leaked]))
    store.close()
    yield _one(
        f"churn: DEL and ADD of {CHURN:,} imported pods, {THREADS} callers",
        "/s",
        2 * CHURN / seconds,
    )


def _replace(store: Database, pool: int, key: int, uid: str) -> None:
    """A pod ends, and another one is given an address of the same range."""
    cidr = f"10.{pool}.0.0/16"
    ended = detach(store, _sandbox(f"s-{pool}-{key}"))
    if [one.released for one in ended] != [True]:
        raise RuntimeError(f"the DEL of pod p-{pool}-{key} released {ended}")
    wanted = RangeRequest(cidr=cidr, segments=((f"10.{pool}.0.1", f"10.{pool}.255.254"),))
    name = f"new-{pool}-{key}"
    owner = Owner(cluster="", namespace="shop", name=name, interface="net1", uid=uid)
    attach(store, owner, _sandbox(f"x-{pool}-{key}"), [wanted])


def _sandbox(container: str) -> Sandbox:
    return Sandbox(cluster="", node="node-0", container_id=container, interface="net1")


def _vanish(client: Client, pool: int, key: int) -> None:
    from lightkube.resources.core_v1 import Pod  # noqa: PLC0415 - after its types are learnt

    # Without a kubelet nothing would end it.
    client.delete(Pod, f"p-{pool}-{key}", namespace="shop", grace_period=0)


def _appear(client: Client, pool: int, key: int) -> str:
    from lightkube.models.core_v1 import Container, PodSpec  # noqa: PLC0415 - as above
    from lightkube.models.meta_v1 import ObjectMeta  # noqa: PLC0415 - as above
    from lightkube.resources.core_v1 import Pod  # noqa: PLC0415 - as above

    metadata = ObjectMeta(name=f"new-{pool}-{key}", namespace="shop")
    container = Container(name="main", image="registry.example/main")
    spec = PodSpec(containers=[container], nodeName="node-0")
    made = client.create(Pod(metadata=metadata, spec=spec))
    return str(made.metadata.uid if made.metadata else "")


def _reconciled(database: BenchDatabase, kubeconfig: Path) -> Iterator[Measured]:
    database.execute(
        "UPDATE rowhouse.attachments SET attached_at = attached_at - interval '1 hour'"
    )
    looked = rowhouse(database, kubeconfig, "reconcile", "--dry-run", "-o", "json")
    found = len(json.loads(looked.printed)["items"])
    if found != LEAKS:
        raise RuntimeError(f"{found} leaks were found of {LEAKS}")
    what = f"a pass over {PODS:,} addresses and {PODS - LEAKS:,} pods, {LEAKS:,} leaks found"
    yield from _figures(what, looked, seconds="<= 10", memory="<= 300")


def _mirrored(database: BenchDatabase, kubeconfig: Path) -> Iterator[Measured]:
    """The objects are whereabouts' from before the churn; afterwards they are the database's."""
    written = rowhouse(database, kubeconfig, "mirror", "resync", "--rate", "100000")
    number = written.printed.split()[0]
    yield from _figures(f"mirror: {PODS:,} addresses compared, {number} objects written", written)
    compared = rowhouse(database, kubeconfig, "mirror", "diff", "-o", "json")
    if left := json.loads(compared.printed)["items"]:
        raise RuntimeError(f"the mirror left {len(left)} differences: {left[:3]}")
    yield from _figures("mirror: compared once more, nothing to write", compared)


def _figures(what: str, ran: Ran, *, seconds: str = "", memory: str = "") -> Iterator[Measured]:
    yield _one(what, "s", ran.seconds, target=seconds)
    yield _one("  of which CPU of this process", "s", ran.cpu)
    yield _one("  its peak memory", "MiB", ran.memory, target=memory)


def _one(what: str, unit: str, value: float, *, target: str = "") -> Measured:
    return Measured(part="cluster", what=what, unit=unit, runs=(value,), target=target)
