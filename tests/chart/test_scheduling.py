"""Replicas of a part land on nodes of their own, as a scheduler scores them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chart.helm import CASES
from chart.scheduler import Node, place

if TYPE_CHECKING:
    from chart.helm import Helm

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
PARTS = ("server", "controller")


def nodes(*zones: str) -> list[Node]:
    """One for each zone; "" is none, as on bare metal. The first has the image already."""
    made = [
        Node({HOST: f"node{i}"} | ({ZONE: zone} if zone else {})) for i, zone in enumerate(zones)
    ]
    made[0].bias = 100
    return made


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("case", ["", "ha-values.yaml", "customised-values.yaml"])
@pytest.mark.parametrize("zones", [("", ""), ("", "", ""), ("a", ""), ("a", "a"), ("a", "b", "b")])
def test_no_two_replicas_share_a_node_while_there_is_another(
    helm: Helm, case: str, part: str, zones: tuple[str, ...]
) -> None:
    pod = helm.template(case).pod(part)
    there = nodes(*zones)
    for _ in there:
        place(pod, there)
    assert [len(node.pods) for node in there] == [1] * len(there)


@pytest.mark.parametrize("part", PARTS)
def test_replicas_are_spread_over_zones(helm: Helm, part: str) -> None:
    pod = helm.template("").pod(part)
    there = nodes("a", "a", "b")
    chosen = [place(pod, there).labels[ZONE] for _ in range(2)]
    assert sorted(chosen) == ["a", "b"]


def test_spread_constraints_alone_do_not_keep_replicas_apart_without_zones(helm: Helm) -> None:
    """As the chart once had it. Else the tests above would tell nothing."""
    pod = helm.template("").pod("server")
    spec = {key: value for key, value in pod.spec.items() if key != "affinity"}
    (by_host,) = spec["topologySpreadConstraints"]
    spec["topologySpreadConstraints"] = [by_host, by_host | {"topologyKey": ZONE}]
    there = nodes("", "")
    for _ in there:
        place(replace(pod, spec=spec), there)
    assert [len(node.pods) for node in there] == [2, 0]


@pytest.mark.parametrize("case", CASES)
def test_several_replicas_are_not_drained_at_once(helm: Helm, case: str) -> None:
    release = helm.template(case)
    budgets = [one["spec"] for one in release.of("PodDisruptionBudget")]
    for pod in release.pods:
        if pod.part in PARTS and pod.owner["spec"].get("replicas", 2) > 1:
            (budget,) = [
                one
                for one in budgets
                if one["selector"]["matchLabels"].items() <= pod.labels.items()
            ]
            assert budget["maxUnavailable"] == 1
