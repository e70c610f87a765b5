"""Workloads as they live: roll-outs, forced deletions, scaling, a drained node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cluster.cleaning import cordon, uncordon
from cluster.pods import addresses_of, is_running

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.programs import Object
    from cluster.release import Release


def by_name(pods: list[Object]) -> dict[str, set[str]]:
    return {one["metadata"]["name"]: set(addresses_of(one)) for one in pods}


def test_a_sticky_stateful_set_keeps_its_addresses_through_a_roll_out_and_a_forced_deletion(
    live: Live, release: Release, space: str
) -> None:
    kubectl = live.kubectl
    config = live.config("sticky", range="10.110.20.0/24", sticky=True)
    kubectl.apply(
        live.make.network("sticky", space, config),
        live.make.stateful_set("web", space, "sticky", 3),
    )
    before = by_name(live.replicas(space, "web", 3))
    assert len(set.union(*before.values())) == 3

    kubectl.run("rollout", "restart", "statefulset/web", "--namespace", space)
    line = ["rollout", "status", "statefulset/web", "--namespace", space, "--timeout=300s"]
    kubectl.run(*line, seconds=360)
    assert by_name(live.replicas(space, "web", 3)) == before

    uid = live.running(space, ["web-0"])["web-0"]["metadata"]["uid"]
    kubectl.run("delete", "pod", "web-0", "--namespace", space, "--force", "--grace-period=0")

    def is_new() -> bool | None:
        pod = kubectl.get("pod", "web-0", space)
        return (pod is not None and pod["metadata"]["uid"] != uid and is_running(pod)) or None

    live.wait(is_new, "web-0 is another pod", space)
    assert by_name(live.replicas(space, "web", 3)) == before

    # It goes to nothing, and what it had is still its own.
    kubectl.run("scale", "statefulset/web", "--replicas=0", "--namespace", space)
    live.gone(space, before)
    assert release.holders(space) == before
    kubectl.run("scale", "statefulset/web", "--replicas=3", "--namespace", space)
    assert by_name(live.replicas(space, "web", 3)) == before

    # Nothing but an operator releases them.
    kubectl.delete("statefulset", "web", space)
    live.gone(space, before)
    release.rowhouse("address", "release", "--yes", *sorted(set.union(*before.values())))
    release.wait_for_holders(space, {})


def test_many_pods_at_once_have_different_addresses_and_leave_none_behind(
    live: Live, release: Release, space: str
) -> None:
    number = live.settings.pods
    config = live.config("many", range="10.110.24.0/22")
    live.kubectl.apply(
        live.make.network("many", space, config), live.make.deployment("many", space, "many", 0)
    )
    live.kubectl.run("scale", "deployment/many", f"--replicas={number}", "--namespace", space)
    pods = live.replicas(space, "many", number)
    addresses = [one for pod in pods for one in addresses_of(pod)]
    assert len(set(addresses)) == number
    release.wait_for_holders(space, by_name(pods))
    live.kubectl.run("scale", "deployment/many", "--replicas=0", "--namespace", space)
    live.gone(space, by_name(pods))
    release.wait_for_holders(space, {})


def test_pods_of_a_drained_node_start_elsewhere_and_its_addresses_come_back(
    live: Live, release: Release, space: str, two_nodes: tuple[str, str]
) -> None:
    if not live.settings.may_drain:
        pytest.skip("DRAIN=no")
    if not live.kubectl.may("patch", "nodes"):
        pytest.skip("this kubeconfig may not cordon a node")
    config = live.config("drained", range="10.110.28.0/24")
    live.kubectl.apply(
        live.make.network("drained", space, config),
        live.make.deployment("drained", space, "drained", 4),
    )
    before = live.replicas(space, "drained", 4)
    node = str(before[0]["spec"]["nodeName"])
    assert node in live.facts.nodes
    assert two_nodes
    moved = {one["metadata"]["name"] for one in before if one["spec"]["nodeName"] == node}
    cordon(live, node)
    try:
        # Of this node only the pods of this test: it may run others' work.
        selector = f"rowhouse.test/workload=drained,rowhouse.test/run={live.run}"
        line = ["drain", node, "--ignore-daemonsets", f"--pod-selector={selector}"]
        live.kubectl.run(*line, "--timeout=180s", seconds=240)
        live.gone(space, moved)
        after = live.replicas(space, "drained", 4)
        assert node not in {one["spec"]["nodeName"] for one in after}
        assert len({one for pod in after for one in addresses_of(pod)}) == 4
        release.wait_for_holders(space, by_name(after))
    finally:
        uncordon(live.kubectl, live.run)
