"""What the cluster suite reads, held against objects of a real cluster (tests/recorded)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cluster import facts
from cluster.mirrored import address_of, in_database, in_pools, in_reservations
from cluster.pods import addresses_of, inside, is_running, networks_of, told

Object = dict[str, Any]
OBJECTS = Path(__file__).parents[1] / "recorded/objects"


def pods(name: str) -> list[Object]:
    found = json.loads((OBJECTS / f"pods/{name}.json").read_text())
    return list(found["items"]) if "items" in found else [found]


def items(name: str) -> list[Object]:
    found = json.loads((OBJECTS / f"{name}.json").read_text())
    return list(found["items"])


@pytest.mark.parametrize(
    ("name", "networks"),
    [
        ("dual-stack-after-two-sandboxes", {"net1": ["10.110.3.1", "fd11::1"]}),
        ("one-network-of-each", {"net1": ["10.110.0.19"], "net2": ["10.120.0.21"]}),
        (
            "three-networks",
            {"net1": ["10.110.0.17"], "net2": ["10.110.1.3"], "lan2": ["10.110.2.10"]},
        ),
        ("no-network", {}),
        ("host-network", {}),
        ("creating-pool-exhausted", {}),
    ],
)
def test_networks_are_those_that_multus_tells(name: str, networks: dict[str, list[str]]) -> None:
    (pod,) = pods(name)
    assert {interface: one["ips"] for interface, one in networks_of(pod).items()} == networks
    assert addresses_of(pod) == networks.get("net1", [])


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("one-network", True),
        ("init-container", True),
        ("completed", False),
        ("failed", False),
        ("evicted", False),
        ("creating-plugin-refuses", False),
        ("unschedulable", False),
        ("terminating-on-a-node-that-is-not-ready", False),
    ],
)
def test_a_pod_runs_when_its_containers_are_ready_and_it_is_not_ending(
    name: str, *, runs: bool
) -> None:
    assert [is_running(pod) for pod in pods(name)] == [runs]


def test_a_pod_that_does_not_start_is_told_with_what_the_kubelet_says_of_it() -> None:
    (pod,) = pods("creating-broken-nad")
    pod["metadata"]["name"] = "broken"
    events = json.loads((OBJECTS / "events/all.json").read_text())
    text = told([pod], events)
    assert "broken on node" in text
    assert "Pending" in text
    assert "FailedCreatePodSandBox" in text
    assert "GetNetworkDelegates" in text


def test_the_objects_of_whereabouts_and_of_the_mirror_agree_with_each_other() -> None:
    found = items("whereabouts-and-mirror-with-all-pods")
    pools = in_pools([one for one in found if one["kind"] == "IPPool"])
    reservations = in_reservations(
        [one for one in found if one["kind"] == "OverlappingRangeIPReservation"]
    )
    assert len(reservations) > 30
    assert ("fd11::1", "rec/rh-dual") in reservations
    assert reservations == pools


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("fd11--1", "fd11::1"),
        ("rh-net-10.110.7.1", "10.110.7.1"),
        ("mynet-fd00--a-1", "fd00::a:1"),
    ],
)
def test_a_reservation_is_named_by_its_address(name: str, address: str) -> None:
    assert address_of(name) == address


def test_reservations_of_other_clusters_and_of_people_are_left_out() -> None:
    def held(kind: str, cluster: str) -> Object:
        owner = {"kind": kind, "cluster": cluster, "namespace": "shop", "name": "web-0"}
        return {"address": "fd11:0::1", "owner": owner}

    found = in_database([held("pod", "a"), held("pod", "b"), held("static", "a")], "a")
    assert found == {("fd11::1", "shop/web-0")}


FIB_TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 10.110.0.0/24 2 0 2
        |-- 10.110.0.16
           /32 host LOCAL
        |-- 10.110.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
"""
IF_INET6 = """00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000dc7c2efffe3de210 02 40 20 80     eth0
fd110000000000000000000000000001 03 40 00 80     net1
"""


def test_addresses_inside_a_pod_are_read_from_proc() -> None:
    assert inside(FIB_TRIE, IF_INET6) == {"10.110.0.16", "fd11::1"}
    assert inside(FIB_TRIE, "") == {"10.110.0.16"}


def test_nodes_that_take_pods_are_ready_open_and_without_taints() -> None:
    ready = items("nodes-ready")
    assert [facts.takes_pods(one) for one in ready] == [True, True]
    assert sorted(map(facts.takes_pods, items("nodes-one-not-ready"))) == [False, True]
    closed = json.loads(json.dumps(ready[0]))
    closed["spec"]["unschedulable"] = True
    assert not facts.takes_pods(closed)
    tainted = json.loads(json.dumps(ready[0]))
    key = "node-role.kubernetes.io/control-plane"
    tainted["spec"]["taints"] = [{"key": key, "effect": "NoSchedule"}]
    assert not facts.takes_pods(tainted)


def daemon_set(image: str, volumes: list[Object]) -> Object:
    spec = {"containers": [{"name": "c", "image": image}], "volumes": volumes}
    metadata = {"namespace": "kube-system", "name": "d"}
    return {"metadata": metadata, "spec": {"template": {"spec": spec}}}


def test_the_folder_of_plugins_is_the_one_that_multus_has() -> None:
    k3s = "/var/lib/rancher/k3s/data/cni"
    multus = daemon_set(
        "ghcr.io/k8snetworkplumbingwg/multus-cni:snapshot-thick",
        [
            {"name": "cni", "hostPath": {"path": "/etc/x"}},
            {"name": "cnibin", "hostPath": {"path": k3s}},
        ],
    )
    other = daemon_set("cilium/cilium:v1", [{"name": "cnibin", "hostPath": {"path": "/other"}}])
    assert facts.bin_dir([other, multus]) == k3s
    assert facts.bin_dir([other]) == "/opt/cni/bin"


def test_images_are_told_by_the_last_part_of_their_name() -> None:
    assert facts.repository_of("localhost:5000/whereabouts/multus-cni:v4@sha256:0") == "multus-cni"
    assert facts.uses(
        daemon_set("ghcr.io/k8snetworkplumbingwg/whereabouts:v0.9", []), "whereabouts"
    )
    assert not facts.uses(daemon_set("ghcr.io/whereabouts/multus-cni", []), "whereabouts")


def test_a_cluster_of_ipv6_alone_is_told_by_a_service() -> None:
    assert facts.is_ipv6_only({"spec": {"clusterIPs": ["fd00::1"]}})
    assert not facts.is_ipv6_only({"spec": {"clusterIPs": ["10.96.0.1", "fd00::1"]}})
    assert facts.ports_of([{"ports": [{"port": 16443}]}, {"ports": None}]) == (16443,)
