"""The controller as a process: elected, killed, cut off, and back again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.calls import Call, OverHttp
from fixtures.forked import Forked
from fixtures.pods import subnet
from k8s.running import MAX_WAIT_SECONDS, PROMPT, Running, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from fixtures.databases import Database
    from fixtures.pods import Pods
    from fixtures.servers import Server

POOL = subnet("10.0.0.0/24")


def rowhouse(database: Database, *arguments: str) -> str:
    """What the command prints."""
    running = Forked(
        [sys.executable, "-m", "rowhouse", *arguments],
        env={**os.environ, "ROWHOUSE_DATABASE_URL": database.url, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _nothing = running.communicate()
    assert running.returncode == 0, said
    return said.decode()


def addresses(dba: psycopg.Connection[TupleRow]) -> list[str]:
    rows = dba.execute("SELECT host(address) FROM reservations ORDER BY address").fetchall()
    return [address for (address,) in rows]


def test_it_removes_requests_that_ended_long_ago(
    dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr) SELECT id, name, '10.0.0.0/24' FROM networks"
    )
    dba.execute("ALTER TABLE requests DISABLE TRIGGER USER")
    dba.execute(
        """INSERT INTO requests (pool_id, cidr, owner_namespace, owner_name, how_many, requested_by, expires_at, state,
                                 decided_by, decided_at)
           SELECT id, cidr, 'shop', 'router', 1, 'team', now(), 'withdrawn', 'team', now() - days * interval '1 day'
             FROM pools, unnest(ARRAY[364, 366]) AS days"""
    )
    dba.execute("ALTER TABLE requests ENABLE TRIGGER USER")
    running = start()
    until(lambda: running.says("requests_pruned"))
    assert dba.execute("SELECT id FROM requests").fetchall() == [(1,)]


def test_it_cures_leaks_by_itself_and_says_so(
    kube: ApiServer, pods: Pods, dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    pods.add("kept", POOL, uid=kube.pod("kept"))
    pods.add("gone", POOL, uid="long-gone")
    running = start()
    until(lambda: addresses(dba) == ["10.0.0.1"])
    until(lambda: len(kube.events()) == 2)
    event, of_node = sorted(kube.events(), key=lambda one: str(one["reason"]))
    assert of_node["reason"] == "AddressesReclaimed"
    assert of_node["involvedObject"]["name"] == "node1"
    assert event["reason"] == "AddressReclaimed"
    assert event["involvedObject"]["name"] == "gone"
    assert event["message"].startswith("10.0.0.2 of interface net1 on node node1 is free again")
    until(lambda: running.metric("rowhouse_reconcile_reclaimed_addresses_total") == 1)
    assert running.metric("rowhouse_controller_leader") == 1
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(MAX_WAIT_SECONDS) == 0


@pytest.mark.parametrize("verb", ["list", "watch"])
def test_a_controller_that_may_not_do_its_work_is_not_ready_and_says_so_once(
    kube: ApiServer, start: Callable[..., Running], verb: str
) -> None:
    kube.faults.deny(verb, "pods")
    replicas = [start(), start()]
    for running in replicas:
        until(partial(running.says, "health on"))
    until(lambda: any(one.metric("rowhouse_controller_leader") == 1 for one in replicas))
    leader = next(one for one in replicas if one.metric("rowhouse_controller_leader") == 1)
    until(lambda: "pods is forbidden: User" in leader.get("/readyz")[1])
    status, text = leader.get("/readyz")
    assert status == 503
    [denied] = [
        one for one in json.loads(text)["problems"] if "pods is forbidden" in one["reason"]
    ][:1]
    assert "ClusterRole" in denied["hint"]
    assert leader.get("/healthz")[0] == 200
    assert leader.metric("rowhouse_controller_ready") == 0
    kube.faults.heal()
    until(lambda: [one.get("/readyz")[0] for one in replicas] == [200, 200])
    said = leader.log.read_text()
    checks = {line for line in said.splitlines() if "check_failed" in line}
    assert len(checks) == said.count("check_failed"), "no line comes twice"


def test_a_replica_that_only_waits_is_not_ready_either_without_its_permissions(
    kube: ApiServer, start: Callable[..., Running]
) -> None:
    leader = start()
    until(lambda: leader.says("leading"))
    until(lambda: leader.get("/readyz")[0] == 200)
    kube.faults.deny("list", "nodes")
    waiting = start()
    until(lambda: waiting.says("health on"))
    until(lambda: "nodes is forbidden" in waiting.get("/readyz")[1])
    assert waiting.get("/readyz")[0] == 503
    assert leader.get("/readyz")[0] == 200, "for a minute, as after an API server's restart"


@pytest.mark.parametrize(
    ("ipam", "message"),
    [
        ({"range": "10.0.0.0/30"}, "Could not allocate IP in range"),
        (
            {"range": "10.0.0.0/24", "candidates": ["10.0.0.5", "10.0.0.7"]},
            "all 2 candidates are taken: 10.0.0.5 is in use by default/web-0",
        ),
    ],
)
def test_a_pod_that_gets_no_address_is_told_so(
    kube: ApiServer,
    server: Server,
    start: Callable[..., Running],
    ipam: dict[str, Any],
    message: str,
) -> None:
    start()
    uid = kube.pod("web-2")
    exits = []
    for i in range(3):
        args = f"K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-{i};K8S_POD_UID={uid}"
        env = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": f"c{i}", "CNI_NETNS": "/n"}
        env |= {"CNI_IFNAME": "net1", "CNI_PATH": "/p", "CNI_ARGS": f"IgnoreUnknown=1;{args}"}
        config = {"cniVersion": "1.0.0", "name": "n", "ipam": {"type": "rowhouse", **ipam}}
        answer = OverHttp(server.url).run(Call(env=env, stdin=json.dumps(config).encode()))
        exits.append(answer.exit_status)
    assert exits == [0, 0, 1]
    until(lambda: len(kube.events()) == 2)
    found = {event["involvedObject"]["kind"]: event for event in kube.events()}
    assert {event["reason"] for event in found.values()} == {"NoAddress"}
    assert {event["type"] for event in found.values()} == {"Warning"}
    assert found["Pod"]["involvedObject"]["uid"] == uid
    assert message in found["Pod"]["message"]
    assert found["Node"]["involvedObject"]["name"] == "node1"
    assert "default/web-2" in found["Node"]["message"]


def test_it_mirrors_and_without_the_option_turns_the_mirror_off(
    kube: ApiServer,
    pods: Pods,
    dba: psycopg.Connection[TupleRow],
    start: Callable[..., Running],
    database: Database,
) -> None:
    pods.add("web-0", POOL, uid=kube.pod("web-0"))
    running = start(*PROMPT, "--mirror")
    # The objects of a pool are written side by side, in no order.
    until(lambda: kube.specs("overlappingrangeipreservations") and kube.specs("ippools"))
    assert kube.specs("ippools")["10.0.0.0-24"]["allocations"]["1"]["podref"] == "default/web-0"
    pods.add("web-1", POOL, uid=kube.pod("web-1"))
    until(lambda: len(kube.specs("overlappingrangeipreservations")) == 2)
    until(lambda: running.metric("rowhouse_mirror_lag_seconds") == 0)
    until(lambda: dba.execute("SELECT FROM mirrors WHERE report <> '{}'").fetchall())
    shown = rowhouse(database, "mirror", "status", "-o", "json")
    [status] = json.loads(shown)["items"]
    assert (status["state"], status["problem_count"]) == ("running", 0)
    running.process.kill()
    running.process.wait()
    start(*PROMPT)
    until(lambda: not dba.execute("SELECT FROM mirrors").fetchall())
    assert len(kube.specs("overlappingrangeipreservations")) == 2
    assert "no cluster has a mirror" in rowhouse(database, "mirror", "status")


def test_a_mirror_by_hand(
    kube: ApiServer, pods: Pods, database: Database, kube_config: Path
) -> None:
    pods.add("web-0", POOL)
    pods.add("bad", subnet("10.1.0.0/24", network="Net_X"))
    of_cluster = ("--kubeconfig", str(kube_config))
    shown = rowhouse(database, "mirror", "diff", *of_cluster)
    assert "create" in shown
    assert "+1 default/web-0" in shown
    assert "Net_X-10.1.0.0-24 is not an RFC 1123 subdomain" in shown
    assert kube.specs("ippools") == {}
    assert "2 objects written" in rowhouse(database, "mirror", "resync", *of_cluster)
    assert list(kube.specs("ippools")) == ["10.0.0.0-24"]
    assert "the objects match the database" in rowhouse(database, "mirror", "diff", *of_cluster)


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


def test_watches_that_end_or_expire_are_restarted(
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
    until(lambda: running.says("watch_expired"))
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
    until(lambda: second.get("/readyz")[0] == 200)  # once it has asked to lead, and may not
    assert not second.says('"leading"')
    first.process.kill()
    until(lambda: second.says('"leading"'))
    pods.add("gone", POOL, uid="long-gone")
    until(lambda: addresses(dba) == [])


def test_a_leader_that_lost_its_connection_no_longer_leads(
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


def test_an_unreachable_cluster_releases_nothing_and_is_retried(
    kube: ApiServer, pods: Pods, dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    pods.add("gone", POOL, uid="long-gone")
    kube.faults.refuse(403, "pods is forbidden")
    running = start()
    until(lambda: running.says("pods is forbidden"))
    assert addresses(dba) == ["10.0.0.1"]
    kube.faults.heal()
    until(lambda: addresses(dba) == [])


@pytest.mark.slow
def test_killed_again_and_again_it_releases_what_is_dead_and_nothing_else(
    kube: ApiServer, pods: Pods, dba: psycopg.Connection[TupleRow], start: Callable[..., Running]
) -> None:
    alive = {f"10.0.0.{2 * i + 1}" for i in range(20)}
    for i in range(20):
        assert pods.add(f"kept-{i}", POOL, uid=kube.pod(f"kept-{i}")) in alive
        pods.add(f"gone-{i}", POOL, uid="long-gone")
    for moment in (0.1, 0.6, 1.0, 1.1, 1.2, 1.3):
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

    def reconcile(*arguments: str) -> str:
        once = ("reconcile", "--grace", "1s", "--kubeconfig", str(kube_config))
        return rowhouse(database, *once, *arguments)

    shown = reconcile("--dry-run")
    assert "10.0.0.2" in shown
    assert "there is no pod default/gone" in shown
    assert addresses(dba) == ["10.0.0.1", "10.0.0.2"]
    assert '"released": true' in reconcile("-o", "json")
    assert addresses(dba) == ["10.0.0.1"]
    assert "running pods hold every address of 1 sandboxes" in reconcile()
