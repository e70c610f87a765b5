"""ADDs with an IPAMClaim against ADDs without one, and the controller's passes over 10,000 claims.

ROWHOUSE_BENCH_CLAIMS=1000 makes it smaller. The API server is the tests' own, in a process of its own, and answers
from the same two cores.
"""

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

from bench.database import fresh, server
from bench.http_load import load
from bench.plugin_process import built
from bench.processes import timed
from bench.report import Measured
from bench.service import served, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.database import BenchDatabase
    from bench.http_load import Load

CLAIMS = int(os.environ.get("ROWHOUSE_BENCH_CLAIMS", "10000"))
ROUNDS = 41
SECONDS = 0.25
WARM_SECONDS = 3.0
PROCESSES = 60
_TESTS = Path(__file__).parents[1] / "tests"
_HELD = """
SELECT rowhouse.attach_v2('claim', 'claim-' || n, '', 'IPAMClaim', 'claim-' || n, '', 'node1', 'c' || n, 'net1',
    'lan', 'bench', 'pod-' || n, 'uid-' || n, true, NULL, '{""}', '{12.0.0.0/8}', '{NULL}', '{false}', '{NULL}',
    '{0}', '{NULL}', '{1}', '{12.0.0.1}', '{12.255.255.254}', false)
  FROM generate_series(0, %d) AS n;
SELECT rowhouse.detach_many_v1('{""}', ARRAY['c' || n], '{net1}', '{node1}', 'DEL') FROM generate_series(0, %d) AS n
"""
# The steps of the leader for owners, as a process, whose peak memory counts.
_LEADER = """
import json, sys, time
from pathlib import Path
import psycopg
from rowhouse.ipam.owner_release import OwnerRelease
from rowhouse.k8s.claims import ClaimStatus
from rowhouse.k8s.client import kubernetes_client
from rowhouse.k8s.owner_objects import CLAIM_VERSIONS, OwnerObjects
from rowhouse.store.cluster.owners import held_claims

def one_pass():
    began = time.perf_counter()
    released = owners.look()
    status.write(held_claims(session, ""))
    return released, time.perf_counter() - began

with psycopg.connect(sys.argv[1], autocommit=True) as session, kubernetes_client(sys.argv[2]) as client:
    owners, status = OwnerRelease(session, "", OwnerObjects(client)), ClaimStatus(client)
    seconds = [one_pass()[1]]
    while status.is_unfinished:
        seconds.append(one_pass()[1])
    idle = [one_pass()[1] for _ in range(3)]
    client.deletecollection(CLAIM_VERSIONS[0], namespace="bench")
    releases, left = [], int(sys.argv[3])
    while left:
        released, took = one_pass()
        left -= released
        releases.append(took)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"first": seconds, "idle": idle, "releases": releases, "memory": float(peak.split()[1]) / 1024}))
"""


def run() -> Iterator[Measured]:
    """Both, with one cluster."""
    with server() as postgres, tempfile.TemporaryDirectory() as name:
        database, folder = fresh(postgres), Path(name)
        with _api_server(folder) as url:
            yield from _adds(database, folder, url)
            database.execute(_HELD % (CLAIMS - 1, CLAIMS - 1))
            yield from _passes(database, folder)


@contextlib.contextmanager
def _api_server(folder: Path) -> Iterator[str]:
    asked = ("--pods", str(CLAIMS), "--claims", str(CLAIMS))
    with subprocess.Popen(
        [sys.executable, "-m", "fixtures.apiserver.claimed", str(folder), *asked],
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError("the API server did not start")
        try:
            yield line.split()[1]
        finally:
            process.communicate()


def _adds(database: BenchDatabase, folder: Path, cluster: str) -> Iterator[Measured]:
    token = (folder / "node-token").read_text()
    settings = {
        "jwks": f"{cluster}/openid/v1/jwks",
        "kubernetes_token_file": str(folder / "token"),
        "verify_placement": "true",
        "node_rate": "0",
    }
    with serving(folder, database.conninfo, **settings) as url:
        plain, claimed = (_requests(token, by_claim=by_claim) for by_claim in (False, True))
        for requests in (plain, claimed):
            load(url, requests, connections=1, seconds=WARM_SECONDS)
        floors: list[Load] = []
        runs: list[Load] = []
        for _ in range(ROUNDS):  # in turn, so that a noisy moment meets both
            for requests, into in ((plain, floors), (claimed, runs)):
                into.append(served(load(url, requests, connections=1, seconds=SECONDS)))
        processes = _processes(folder, url)
    yield Measured(
        part="claims",
        what="ADD with an IPAMClaim, process included, one after another",
        unit="ms",
        runs=tuple(processes[True]),
        floor_name="without one",
        floor_runs=tuple(processes[False]),
        target="<= 1.15",
    )
    yield Measured(
        part="claims",
        what="  its HTTP request alone, one connection, p50",
        unit="ms",
        runs=tuple(one.percentile(0.5) * 1000 for one in runs),
        floor_name="without one",
        floor_runs=tuple(one.percentile(0.5) * 1000 for one in floors),
        target="<= 1.15",
    )


def _processes(folder: Path, url: str) -> dict[bool, list[float]]:
    """Milliseconds of calls of the plugin, with and without a claim in turn."""
    settings, token = folder / "rowhouse.conf", folder / "node-token"
    token.chmod(0o600)
    settings.write_text(
        f"server = {url}\nnode = node1\ntoken_file = {token}\nspool = {folder}/spool\n"
    )
    plugin = str(built(folder / "plugin"))
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(PROCESSES):
        for by_claim in (False, True) if number % 2 else (True, False):
            pod = CLAIMS - 1 - number
            environment = {
                "ROWHOUSE_CONFIG": str(settings),
                "CNI_COMMAND": "ADD",
                "CNI_CONTAINERID": f"process-{by_claim}-{number}",
                "CNI_NETNS": "/var/run/netns/none",
                "CNI_IFNAME": "net1",
                "CNI_PATH": "/opt/cni/bin",
                "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME=pod-{pod};K8S_POD_UID=uid-{pod}",
            }
            took[by_claim].append(timed([plugin], environment, _config(by_claim)) * 1000)
    return took


def _config(by_claim: bool) -> bytes:  # noqa: FBT001 - which of the two
    return json.dumps(
        {
            "cniVersion": "1.0.0",
            "name": "lan",
            "type": "macvlan",
            "allowPersistentIPs": by_claim,
            "ipam": {"type": "rowhouse", "range": "10.0.0.0/8" if by_claim else "11.0.0.0/8"},
        }
    ).encode()


def _requests(token: str, *, by_claim: bool) -> Callable[[int], bytes]:
    """Call number → the bytes of an ADD. Each has the next pod; after the last one, the first again."""
    config = _config(by_claim)
    sent = 0

    def request(_number: int) -> bytes:
        nonlocal sent
        number = sent % CLAIMS
        sent += 1
        return (
            f"POST /cni HTTP/1.1\r\nHost: bench\r\nCNI-Command: ADD\r\nCNI-ContainerID: {by_claim}-{sent}\r\n"
            f"CNI-NetNS: /var/run/netns/{number}\r\nCNI-IfName: net1\r\nCNI-Path: /opt/cni/bin\r\n"
            f"CNI-Args: IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME=pod-{number};K8S_POD_UID=uid-{number}\r\n"
            f"Rowhouse-Node: node1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(config)}\r\n\r\n"
        ).encode() + config

    return request


def _passes(database: BenchDatabase, folder: Path) -> Iterator[Measured]:
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-c", _LEADER, database.conninfo, str(folder / "cluster"), str(CLAIMS)],
        check=False,
        capture_output=True,
        text=True,
    )
    if ended.returncode:
        raise RuntimeError(f"after {time.perf_counter() - began:.0f} s: {ended.stderr}")
    found = json.loads(ended.stdout.splitlines()[-1])  # after the log
    for what, runs, target in (
        (f"a pass over {CLAIMS:,} claims without pods", found["idle"], "<= 5"),
        ("  of a new leader, that writes each status", found["first"], "<= 5"),
        ("  after all claims were deleted", found["releases"], "<= 5"),
        ("  all of these together", [sum(found["releases"])], "<= 60"),
    ):
        yield Measured(part="claims", what=what, unit="s", runs=tuple(runs), target=target)
    yield Measured(
        part="claims",
        what="  peak memory of the process",
        unit="MiB",
        runs=(found["memory"],),
        target="<= 300",
    )
