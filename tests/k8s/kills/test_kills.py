"""kill -9 of server, controller and node daemon, at random moments under load."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from faults.callers import OverHttp
from faults.experiment import Load, Nemesis, run
from fixtures.pods import Pods, subnet
from k8s.kills.stage import Kubelet, controller, expected_objects, server, until
from node.host import Host

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path
    from random import Random

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store

TIMES = int(os.environ.get("ROWHOUSE_KILLS", "2"))
"""Kills of each program; ROWHOUSE_KILLS=50 is an afternoon's."""
SEED = os.environ.get("ROWHOUSE_FAULTS_SEED", "1")
CALLS = 150 * TIMES
CLIENTS = 4


class Daemon:
    """`rowhouse-node run`, killed and started with one version of the plugin and another in turn."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._process: subprocess.Popen[bytes] | None = None

    def strike(self, dice: Random) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self.host.check("v1", "v2")
        self.host.project(f"token-{dice.randrange(1000)}")
        self._process = self.host.start("run", dice.choice(("v1", "v2")))

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.mark.slow
def test_no_address_is_lost_or_given_twice_and_the_mirror_is_the_database(
    database: Database,
    store: Store,
    dba: psycopg.Connection[TupleRow],
    kube: ApiServer,
    kube_config: Path,
    tmp_path: Path,
) -> None:
    leaking = Pods(store, cluster="")
    for i in range(5):
        leaking.add(f"leaked-{i}", subnet("10.2.0.0/25"), uid="long-gone")
    for name in (f"node{i}" for i in range(CLIENTS)):
        kube.node(name)
    serving, url = server(tmp_path, database.url)
    controlling = controller(tmp_path, database.url, kube_config)
    daemon = Daemon(Host(tmp_path / "host", server=url))
    sandboxes: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    lock = threading.Lock()

    def kubelet(number: int) -> Kubelet:
        caller = OverHttp(lambda: [url], f"node{number}", seconds=10)
        return Kubelet(kube, caller, sandboxes, lock)

    def rest() -> str:
        leaked = "SELECT FROM reservations WHERE owner_name LIKE 'leaked-%'"
        until(lambda: not dba.execute(leaked).fetchall(), "what nobody holds was not released")
        serving.kill()

        def mirrored() -> bool:
            pools, reservations = expected_objects(dba)
            found = {name: spec["allocations"] for name, spec in kube.specs("ippools").items()}
            specs = kube.specs("overlappingrangeipreservations")
            return (found, specs) == (pools, reservations)

        until(mirrored, "the mirror is not the database")
        return database.conninfo

    with ExitStack() as stack:
        for program in (serving, controlling):
            stack.callback(program.kill)
            program.start()
        stack.callback(daemon.stop)
        report = run(
            tmp_path,
            kubelet,
            seed=SEED,
            load=Load(clients=CLIENTS, calls=CALLS),
            nemeses=[
                Nemesis(name="server", strike=lambda _: serving.strike(), times=TIMES),
                Nemesis(name="controller", strike=lambda _: controlling.strike(), times=TIMES + 1),
                Nemesis(name="node daemon", strike=daemon.strike, times=TIMES + 2),
            ],
            rest=rest,
            max_recovery_seconds=120.0,
        )
    assert not report.verdict.found, str(report)
    assert report.verdict.ends["ok"] > CALLS / 2
    daemon.host.check("v1", "v2")
    done = daemon.host.do("install", "v2")
    assert done.returncode == 0, done.stderr
    assert daemon.host.call() == "v2 v2"
    assert daemon.host.leftovers() == []
