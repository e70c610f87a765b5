"""The controller as a process: elected, killed, cut off, and back again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from fixtures.pods import subnet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from fixtures.databases import Database
    from fixtures.pods import Pods

POOL = subnet("10.0.0.0/24")
PATIENCE = 60.0
PROMPT = ("--grace", "1s", "--settle", "1s", "--interval", "2s", "--listen", "127.0.0.1:0")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


@dataclass
class Running:
    """A controller and what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    def says(self, text: str) -> bool:
        return text in self.log.read_text()

    def metric(self, name: str) -> float:
        port = self.log.read_text().partition("127.0.0.1:")[2].split()[0]
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        return float(next(line.split()[-1] for line in lines if line.startswith(f"{name} ")))


@pytest.fixture
def start(
    database: Database, kube_config: Path, tmp_path: Path
) -> Iterator[Callable[..., Running]]:
    """Starts a controller; all are ended with the test."""
    with contextlib.ExitStack() as stack:

        def begin(*options: str) -> Running:
            log = tmp_path / f"controller-{time.monotonic_ns()}.log"
            command = [sys.executable, "-m", "rowhouse", "controller", *(options or PROMPT)]
            out = stack.enter_context(log.open("wb"))
            process = subprocess.Popen(
                [*command, "--kubeconfig", str(kube_config)],
                env={**os.environ, "ROWHOUSE_DATABASE_URL": database.url},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return Running(process, log)

        yield begin


def addresses(dba: psycopg.Connection[TupleRow]) -> list[str]:
    rows = dba.execute("SELECT host(address) FROM reservations ORDER BY address").fetchall()
    return [address for (address,) in rows]


def test_it_cures_leaks_by_itself_and_says_so(
    kube: ApiServer, pods: Pods, dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    pods.add("kept", POOL, uid=kube.pod("kept"))
    pods.add("gone", POOL, uid="long-gone")
    running = start()
    until(lambda: addresses(dba) == ["10.0.0.1"])
    until(kube.events)
    [event] = kube.events()
    assert event["reason"] == "AddressReclaimed"
    assert event["involvedObject"]["name"] == "gone"
    assert event["message"].startswith("10.0.0.2 of interface net1 on node node1 is free again")
    until(lambda: running.metric("rowhouse_reconcile_reclaimed_addresses_total") == 1)
    assert running.metric("rowhouse_controller_leader") == 1
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(PATIENCE) == 0


def test_the_end_of_a_pod_is_seen_without_a_full_pass(
    kube: ApiServer, pods: Pods, dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    pods.add("web-0", POOL, uid=kube.pod("web-0"))
    running = start(
        "--grace", "1s", "--settle", "1s", "--interval", "1d", "--listen", "127.0.0.1:0"
    )
    until(lambda: running.says('"pass"') and kube.watches.opened)
    kube.delete_pod("web-0")
    until(lambda: addresses(dba) == [])


def test_watches_that_end_or_are_too_far_behind_are_begun_anew(
    kube: ApiServer, pods: Pods, dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    pods.add("web-0", POOL, uid=kube.pod("web-0"))
    running = start(
        "--grace", "1s", "--settle", "1s", "--interval", "1d", "--listen", "127.0.0.1:0"
    )
    until(lambda: running.says('"pass"') and kube.watches.opened)
    for expected in (2, 3):
        kube.forget()
        until(partial(lambda n: kube.watches.opened >= n, expected))
    until(lambda: running.says("watch_interrupted"))
    time.sleep(0.2)  # the newest watch is there, whichever of them that is
    kube.delete_pod("web-0")
    until(lambda: addresses(dba) == [])


def test_one_of_two_leads_and_the_other_takes_over(
    pods: Pods, dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    first = start()
    until(lambda: first.says('"leading"'))
    second = start()
    until(lambda: second.says("health on"))
    time.sleep(3)  # longer than an election takes
    assert not second.says('"leading"')
    first.process.kill()
    until(lambda: second.says('"leading"'))
    pods.add("gone", POOL, uid="long-gone")
    until(lambda: addresses(dba) == [])


def test_a_leader_that_lost_its_connection_leads_no_more(
    pods: Pods, dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    running = start()
    until(lambda: running.says('"leading"'))
    dba.execute(
        """SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE l.locktype = 'advisory' AND d.datname = current_database()"""
    )
    until(lambda: running.says("leadership_lost"))
    until(lambda: running.log.read_text().count('"leading"') == 2)
    pods.add("gone", POOL, uid="long-gone")
    until(lambda: addresses(dba) == [])


def test_a_cluster_that_can_not_be_reached_releases_nothing_and_is_waited_for(
    kube: ApiServer, pods: Pods, dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    pods.add("gone", POOL, uid="long-gone")
    kube.faults.refuse(403, "pods is forbidden")
    running = start()
    until(lambda: running.says("pods is forbidden"))
    assert addresses(dba) == ["10.0.0.1"]
    kube.faults.heal()
    until(lambda: addresses(dba) == [])


def test_killed_again_and_again_it_releases_what_is_dead_and_nothing_else(
    kube: ApiServer, pods: Pods, dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    alive = {f"10.0.0.{2 * i + 1}" for i in range(20)}
    for i in range(20):
        assert pods.add(f"kept-{i}", POOL, uid=kube.pod(f"kept-{i}")) in alive
        pods.add(f"gone-{i}", POOL, uid="long-gone")
    for moment in (0.3, 0.9, 1.2, 1.4, 1.6, 1.8):
        running = start()
        until(partial(running.says, "health on"))
        time.sleep(moment)  # somewhere between its election and its release
        running.process.kill()
        running.process.wait()
        assert alive <= set(addresses(dba))
    start()
    until(lambda: set(addresses(dba)) == alive)


def test_reconcile_by_hand(
    kube: ApiServer,
    pods: Pods,
    dba: psycopg.Connection[TupleRow],
    database: Database,
    kube_config: Path,
) -> None:
    pods.add("kept", POOL, uid=kube.pod("kept"))
    pods.add("gone", POOL, uid="long-gone")
    dba.execute("UPDATE attachments SET attached_at = attached_at - interval '1 hour'")

    def rowhouse(*arguments: str) -> str:
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "rowhouse", "reconcile", *arguments),
                *("--grace", "1s", "--kubeconfig", str(kube_config)),
            ],
            env={**os.environ, "ROWHOUSE_DATABASE_URL": database.url, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout + ran.stderr

    shown = rowhouse("--dry-run")
    assert "10.0.0.2" in shown
    assert "there is no pod default/gone" in shown
    assert addresses(dba) == ["10.0.0.1", "10.0.0.2"]
    assert '"released": true' in rowhouse("-o", "json")
    assert addresses(dba) == ["10.0.0.1"]
    assert "every address of 1 sandboxes is held by a living pod" in rowhouse()
