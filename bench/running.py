"""`rowhouse import pods` of 100,000 running pods, against the same rows by INSERT alone.

ROWHOUSE_BENCH_PODS=10000 makes it smaller. The pods are in a file, as `kubectl get -o json` saves them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaddr import IPAddress

from bench.cluster import NODES, PODS, POOLS, bare_inserts
from bench.database import fresh, server
from bench.report import Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.database import BenchDatabase

_FIRST = int(IPAddress("10.0.0.1"))
_RUN = "from rowhouse.cli import main; main()"


def run() -> Iterator[Measured]:
    """The command as a process: all that a restore waits for; and once more, when there is nothing to do."""
    with server() as postgres, tempfile.TemporaryDirectory() as name:
        database, saved = fresh(postgres), Path(name) / "running.json"
        saved.write_text(json.dumps({"kind": "List", "items": [*_definitions(), *_pods()]}))
        first = _import(database, saved)
        floor = bare_inserts(database)
        again = _import(database, saved)
        kept = database.execute("SELECT count(*) FROM rowhouse.attachments")
        if kept != [(PODS,)]:
            raise RuntimeError(f"{kept} attachments of {PODS} pods")
        yield Measured(
            part="running",
            what=f"import pods: {PODS:,} addresses taken, beside reading and comparing",
            unit="s",
            runs=(first - again,),
            floor_name="the same rows by INSERT alone",
            floor_runs=(floor,),
            target="<= 1.5",
        )
        yield Measured(
            part="running",
            what="import pods: the whole command",
            unit="s",
            runs=(first,),
            floor_name="the same rows by INSERT alone",
            floor_runs=(floor,),
        )
        yield Measured(
            part="running",
            what="import pods once more: all read and compared, nothing to do",
            unit="s",
            runs=(again,),
        )


def _import(database: BenchDatabase, saved: Path) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", _RUN, "import", "pods", str(saved)],
        env={**os.environ, "ROWHOUSE_DATABASE_URL": database.url},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began


def _definitions() -> Iterator[dict[str, Any]]:
    for pool in range(POOLS):
        config = {
            "cniVersion": "1.0.0",
            "name": f"net{pool}",
            "type": "macvlan",
            "ipam": {"type": "rowhouse", "range": f"10.{pool}.0.0/16"},
        }
        yield {
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"namespace": "shop", "name": f"net{pool}"},
            "spec": {"config": json.dumps(config)},
        }


def _pods() -> Iterator[dict[str, Any]]:
    for number in range(PODS):
        pool, place = number % POOLS, number // POOLS
        address = str(IPAddress(_FIRST + (pool << 16) + place))
        status = [
            {"name": "cbr0", "interface": "eth0", "ips": ["172.16.0.1"], "default": True},
            {"name": f"shop/net{pool}", "interface": "net1", "ips": [address]},
        ]
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "namespace": "shop",
                "name": f"web-{number}",
                "uid": f"uid-{number}",
                "creationTimestamp": "2026-03-01T12:00:00Z",
                "annotations": {"k8s.v1.cni.cncf.io/network-status": json.dumps(status)},
            },
            "spec": {"nodeName": f"node{number % NODES}", "containers": [{"name": "web"}]},
            "status": {"phase": "Running"},
        }
