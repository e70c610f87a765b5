"""Objects as real controllers, kubelets and multus make them, before the parts of the product that read them."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cni.recorded.calls import FILES, calls_of
from fixtures.apiserver.kinds import RECORDED
from fixtures.calls import OverHttp
from fixtures.whereabouts import inventory_of
from k8s.recorded.state import place
from rowhouse.importers.whereabouts.objects import interfaces_of
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.k8s.pods import KubernetesPods

if TYPE_CHECKING:
    import psycopg
    from lightkube import Client
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from fixtures.servers import Server

    Session = psycopg.Connection[TupleRow]

OBJECTS = RECORDED / "objects"
PODS = {file.stem: json.loads(file.read_bytes()) for file in (OBJECTS / "pods").glob("*.json")}
ENDED = {"completed", "failed", "evicted", "deadline-exceeded"}
PENDING = {
    "creating-broken-nad",
    "creating-plugin-refuses",
    "creating-pool-exhausted",
    "unschedulable",
}
# Pods of which the recordings have two; the later one is left out where names must be unique.
OLDER = {"one-network-new-sandbox", "running-on-a-node-that-is-not-ready"}
# Pods that came after the pools were read.
LATER = {
    "whereabouts-one-network",
    "static-mirror-pod",
    "static-mirror-pod-whereabouts",
    "created-after-code-11",
    "one-network-of-each",
}
# An address that the pod asked for, of no range: no pool can have it.
OUTSIDE = ("10.9.9.9", "rec/rh-outside", "net1")
INTERFACES: dict[str, dict[str, str]] = {
    "no-network": {},
    "host-network": {},
    "unschedulable": {},
    "creating-pool-exhausted": {},
    "one-network": {"10.110.0.16": "net1"},
    "interface-name": {"10.110.0.18": "storage0"},
    "dual-stack-after-two-sandboxes": {"10.110.3.1": "net1", "fd11::1": "net1"},
    "same-network-twice": {"10.110.0.19": "net1", "10.110.0.22": "net2"},
    "three-networks": {"10.110.0.17": "net1", "10.110.1.3": "net2", "10.110.2.10": "lan2"},
    "one-network-of-each": {"10.110.0.19": "net1", "10.120.0.21": "net2"},
    "static-mirror-pod": {"10.110.0.17": "net1"},
    "completed": {"10.110.0.21": "net1"},
}


def fill(kube: ApiServer, nodes: str, *, without: frozenset[str] = frozenset()) -> None:
    """The recorded nodes and pods, and no others."""
    for node in json.loads((OBJECTS / f"{nodes}.json").read_bytes())["items"]:
        place(kube, node)
    for name, pod in PODS.items():
        if name not in OLDER | without:
            place(kube, pod)


@pytest.mark.parametrize("name", INTERFACES)
def test_the_interfaces_of_a_pod_are_those_that_multus_wrote(name: str) -> None:
    assert interfaces_of(PODS[name]["metadata"].get("annotations") or {}) == INTERFACES[name]


def test_every_recorded_pod_is_read_with_its_phase(kube: ApiServer, client: Client) -> None:
    fill(kube, "nodes-ready")
    view = KubernetesPods(client).view()
    for name, pod in PODS.items():
        phase = view.by_name[pod["metadata"]["namespace"], pod["metadata"]["name"]]
        wanted = {"Failed", "Succeeded"} if name in ENDED else {"Running"}
        assert phase in ({"Pending"} if name in PENDING else wanted), name
        if name not in OLDER:
            assert view.by_uid[pod["metadata"]["uid"]] == phase, name
    assert view.nodes["node1"]
    assert view.nodes["node2"]


def test_a_static_pod_is_known_by_the_uid_that_cni_is_told(kube: ApiServer, client: Client) -> None:
    fill(kube, "nodes-ready")
    [add] = calls_of("rowhouse-static-pod")
    arguments = dict(one.split("=", 1) for one in add.environment["CNI_ARGS"].split(";"))
    assert arguments["K8S_POD_UID"] != PODS["static-mirror-pod"]["metadata"]["uid"]
    assert KubernetesPods(client).view().by_uid[arguments["K8S_POD_UID"]] == "Running"


def test_a_node_that_is_not_ready_is_not_believed(kube: ApiServer, client: Client) -> None:
    fill(kube, "nodes-one-not-ready")
    view = KubernetesPods(client).view()
    assert sorted(view.nodes.values()) == [False, True]


def test_only_pods_that_ended_lose_their_addresses(
    kube: ApiServer, client: Client, server: Server, session: Session, dba: Session
) -> None:
    """The sandboxes of the recorded calls, and the pods of the same cluster."""
    fill(kube, "nodes-ready", without=frozenset({"one-network-of-each"}))
    nodes = {pod["metadata"]["name"]: pod["spec"].get("nodeName") for pod in PODS.values()}
    caller = OverHttp(server.url)
    for file in FILES:
        adds = [one for one in calls_of(file) if one.command == "ADD" and not one.exit_status]
        if not file.startswith("rowhouse-") or not adds or file == "rowhouse-full-b":
            continue
        call = adds[-1].call
        pod = dict(one.split("=", 1) for one in call.env["CNI_ARGS"].split(";"))["K8S_POD_NAME"]
        answer = caller.run(replace(call, node=nodes.get(pod) or "node1"))
        assert answer.exit_status == 0, (file, answer)
    held = _holders(dba)
    now = [1000.0]
    reconciler = Reconciler(session, "", KubernetesPods(client), grace=60.0, clock=lambda: now[0])
    dba.execute("UPDATE attachments SET attached_at = attached_at - interval '1 hour'")
    reconciler.look()
    now[0] += 60.0
    reconciler.look()
    present = {pod["metadata"]["name"] for pod in PODS.values()}
    ended = {PODS[name]["metadata"]["name"] for name in ENDED} & held
    absent = held - present
    assert ended == {"rh-done", "rh-failed", "evicted"}
    assert absent
    assert held - _holders(dba) == ended | absent


def _holders(dba: Session) -> set[str]:
    return {name for (name,) in dba.execute("SELECT name FROM rowhouse.current_reservations")}


def test_the_mirrors_objects_and_whereabouts_say_what_the_pods_say() -> None:
    """10.110.* is the mirror's, 10.120.* whereabouts': for the same forms of pods, in the same words."""
    items = _items("whereabouts-and-mirror-with-all-pods")
    inventory = inventory_of(*items)
    assert inventory.not_taken == ()
    known = {(one.address, one.owner, one.interface) for one in inventory.addresses}
    for pool in items:
        if pool["kind"] != "IPPool":
            continue
        network = ipaddress.ip_network(pool["spec"]["range"], strict=False)
        for key, one in pool["spec"]["allocations"].items():
            held = (str(network[int(key)]), one["podref"], one.get("ifname", ""))
            assert held in known, pool["metadata"]["name"]
    of_pods = {
        (address, f"{pod['metadata']['namespace']}/{pod['metadata']['name']}", interface)
        for name, pod in PODS.items()
        if name not in ENDED | LATER
        for address, interface in interfaces_of(pod["metadata"].get("annotations") or {}).items()
    }
    assert len(of_pods) > 20
    assert of_pods - known == {OUTSIDE}


def _items(name: str) -> list[Any]:
    return list(json.loads((OBJECTS / f"{name}.json").read_bytes())["items"])
