"""Events are written once, and a failed one delays nothing."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from fixtures.crowds import at_once
from rowhouse.domain.liveness import HeldSandbox, Verdict
from rowhouse.domain.requests import Owner
from rowhouse.ipam.allocation_failures import AllocationFailureQueue
from rowhouse.ipam.reconcile import Finding
from rowhouse.k8s.events import MAX_BURST, EventRecorder
from rowhouse.store.cluster import allocation_failures
from rowhouse.store.cluster.allocation_failures import AllocationFailure

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from rowhouse.k8s.client import KubernetesClient
    from rowhouse.store.connection.database import Database as Store

MAX_WAIT_SECONDS = 30.0


def refused(pod: str = "web-0", *, node: str = "node1", times: int = 1) -> AllocationFailure:
    return AllocationFailure(
        cluster="",
        namespace="default",
        pod=pod,
        interface="net1",
        node=node,
        pod_uid="uid",
        message="full",
        times=times,
    )


def test_a_pod_that_asks_again_and_again_is_told_of_once_in_five_minutes(
    kube: ApiServer, client: KubernetesClient
) -> None:
    now = [0.0]
    recorder = EventRecorder(client, clock=lambda: now[0])
    for _ in range(3):
        recorder.refused([refused()])
    assert len(kube.events()) == 2
    now[0] = 299.0
    recorder.refused([refused("web-1")])  # another pod, the same node
    assert len(kube.events()) == 3
    now[0] = 301.0
    recorder.refused([refused(times=7)])
    assert sorted(event["count"] for event in kube.events()) == [1, 1, 1, 1, 7]


def finding(number: int, *, namespace: str = "default", node: str = "node1") -> Finding:
    """A pod that is gone, and the address that it held."""
    address = str(ipaddress.ip_address("10.0.0.0") + number)
    held = HeldSandbox(
        container_id=f"c{number}",
        interface="net1",
        node=node,
        network="",
        addresses=(address,),
        attached_at=datetime.now(UTC),
        age=600.0,
        pod_uid=None,
        namespace=namespace,
        pod=f"web-{number}",
    )
    gone = Verdict(gone=True, reason="there is no pod")
    return Finding(held=held, verdict=gone, second_look=True, released=(address,))


def namespaces(kube: ApiServer, number: int) -> None:
    for n in range(number):
        kube.put("namespaces", {"metadata": {"name": f"ns-{n}"}})


def test_thousands_of_reclaimed_addresses_are_one_event_a_namespace_and_a_node(
    kube: ApiServer, client: KubernetesClient
) -> None:
    """After a large import with pods that are long gone, 11,900 events would be 11,900 writes to etcd."""
    namespaces(kube, 3)
    recorder = EventRecorder(client, clock=lambda: 0.0)
    recorder.reclaimed(
        [
            finding(n, namespace=f"ns-{n % 3}", node=f"node{n % 4}" if n % 2 else "")
            for n in range(11_900)
        ]
    )
    told = {
        (event["involvedObject"]["kind"], event["involvedObject"]["name"]): event
        for event in kube.events()
    }
    assert sorted(told) == [
        ("Namespace", "ns-0"),
        ("Namespace", "ns-1"),
        ("Namespace", "ns-2"),
        ("Node", "node1"),
        ("Node", "node3"),
    ]
    of_namespace = told["Namespace", "ns-0"]
    assert of_namespace["metadata"]["namespace"] == "ns-0"
    assert of_namespace["reason"] == "AddressesReclaimed"
    assert of_namespace["message"].startswith("3967 addresses of pods in this namespace")
    assert "10.0.0.0, 10.0.0.3" in of_namespace["message"]
    assert "and 3957 more" in of_namespace["message"]


def test_events_are_never_more_than_so_many_and_what_is_left_comes_later(
    kube: ApiServer, client: KubernetesClient
) -> None:
    now = [0.0]
    recorder = EventRecorder(client, clock=lambda: now[0])
    many = MAX_BURST + 30
    namespaces(kube, many)
    recorder.reclaimed([finding(n, namespace=f"ns-{n}", node="") for n in range(many)])
    assert len(kube.events()) == MAX_BURST
    recorder.reclaimed([finding(500)])
    recorder.refused([refused()])
    assert len(kube.events()) == MAX_BURST
    now[0] = 3600.0
    recorder.flush()
    assert len(kube.events()) == many + 2  # and a namespace and a node of the last one


def test_few_pods_that_are_gone_have_an_event_each(
    kube: ApiServer, client: KubernetesClient
) -> None:
    EventRecorder(client, clock=lambda: 0.0).reclaimed([finding(1), finding(2)])
    names = sorted(event["involvedObject"]["name"] for event in kube.events())
    assert names == ["node1", "web-1", "web-2"]


def test_an_api_server_that_is_away_is_not_waited_for_again_and_again(
    kube: ApiServer, client: KubernetesClient
) -> None:
    now = [0.0]
    recorder = EventRecorder(client, clock=lambda: now[0])
    namespaces(kube, 20)
    kube.faults.reset = True
    recorder.reclaimed([finding(n, namespace=f"ns-{n}", node="") for n in range(20)])
    kube.faults.heal()
    recorder.flush()
    assert kube.events() == []
    now[0] = 31.0
    recorder.flush()
    assert len(kube.events()) >= 19


def test_a_failed_event_is_not_an_error(kube: ApiServer, client: KubernetesClient) -> None:
    kube.faults.deny("create", "events")
    EventRecorder(client).refused([refused()])
    assert kube.events() == []


def test_a_long_message_is_cut_to_what_the_api_takes(
    kube: ApiServer, client: KubernetesClient
) -> None:
    EventRecorder(client).refused([replace(refused(), message="x" * 5000)])
    assert {len(event["message"]) for event in kube.events()} == {1024}


@pytest.mark.parametrize("reason", ["StickyGeneratedName", "AddressIsGateway"])
def test_a_warning_about_an_address_that_was_assigned_is_an_event_on_its_pod_alone(
    kube: ApiServer, client: KubernetesClient, reason: str
) -> None:
    with capture_logs() as logs:
        EventRecorder(client).refused([replace(refused(), reason=reason)])
    [event] = kube.events()
    assert (event["reason"], event["involvedObject"]["kind"]) == (reason, "Pod")
    # Of the others the server that assigned the address has a line in its log.
    assert [line["event"] for line in logs] == ["address_is_gateway"] * (
        reason == "AddressIsGateway"
    )


def test_failures_come_together_in_the_background_and_are_taken_once(
    store: Store, session: psycopg.Connection[TupleRow]
) -> None:
    notes = AllocationFailureQueue(store, every=0.05)
    owner = Owner(cluster="", namespace="default", name="web-0", interface="net1", uid="uid")
    at_once([lambda: notes.note(owner, "node1", "full")] * 8)
    found: list[AllocationFailure] = []
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while sum(one.times for one in found) < 8:
        assert time.monotonic() < deadline
        found += allocation_failures.take(session, "")
        time.sleep(0.02)
    assert {one.key for one in found} == {("", "default", "web-0", "net1", "NoAddress")}
    assert allocation_failures.take(session, "") == []
    assert allocation_failures.take(session, "elsewhere") == []


def test_failures_that_no_controller_takes_expire(
    store: Store, dba: psycopg.Connection[TupleRow], session: psycopg.Connection[TupleRow]
) -> None:
    allocation_failures.note(store, [refused(f"web-{i}") for i in range(3)])
    dba.execute(
        "UPDATE allocation_failures SET last_at = last_at - interval '2 hours' WHERE pod <> 'web-2'"
    )
    allocation_failures.note(store, [refused("web-2", times=4)])
    [left] = allocation_failures.take(session, "")
    assert (left.pod, left.times) == ("web-2", 5)
