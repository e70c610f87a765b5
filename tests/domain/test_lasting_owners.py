"""From the facts of a pod to the owner of its address."""

from __future__ import annotations

import json

import pytest

from rowhouse.domain.lasting_owners import OwnerReference, PodFacts, claim_of, lasting_owner

INSTANCE = OwnerReference(group="kubevirt.io", kind="VirtualMachineInstance", name="db")
SET = OwnerReference(group="apps", kind="StatefulSet", name="web")
LAUNCHER = {"kubevirt.io": "virt-launcher"}
NETWORKS = "k8s.v1.cni.cncf.io/networks"


def elements(*given: dict[str, object]) -> PodFacts:
    return PodFacts(name="p", annotations={NETWORKS: json.dumps(given)})


@pytest.mark.parametrize(
    "pod",
    [
        PodFacts(name="virt-launcher-db-x", owners=[SET, INSTANCE]),
        PodFacts(name="x", labels=LAUNCHER, annotations={"kubevirt.io/domain": "db"}),
        PodFacts(name="x", labels=LAUNCHER | {"kubevirt.io/domain": "db"}),
        PodFacts(name="x", labels=LAUNCHER | {"vm.kubevirt.io/name": "db"}),
        PodFacts(
            name="x",
            owners=[INSTANCE],
            labels=LAUNCHER | {"vm.kubevirt.io/name": "shortened"},
            annotations={"kubevirt.io/domain": "other"},
        ),
    ],
)
def test_a_launcher_has_the_address_of_its_machine(pod: PodFacts) -> None:
    owner = lasting_owner(pod, "net1", "vm")
    assert owner is not None
    assert (owner.kind, owner.name, owner.interface) == ("virtual_machine", "db", "net1")
    assert (owner.object_kind, owner.object_name) == ("VirtualMachine", "db")


@pytest.mark.parametrize(
    "pod",
    [
        PodFacts(name="web-0"),
        PodFacts(name="web-0", labels={"kubevirt.io/domain": "db"}),
        PodFacts(name="web-0", annotations={"kubevirt.io/domain": "db"}),
        PodFacts(name="web-0", labels=LAUNCHER),
        PodFacts(
            name="x",
            owners=[OwnerReference(group="evil.io", kind="VirtualMachineInstance", name="db")],
        ),
    ],
)
def test_a_pod_that_is_no_launcher_has_its_own(pod: PodFacts) -> None:
    assert lasting_owner(pod, "net1", "vm") is None


def test_a_replica_has_the_address_of_its_place_in_the_stateful_set() -> None:
    owner = lasting_owner(PodFacts(name="web-0", owners=[SET]), "net1", "statefulset")
    assert owner is not None
    assert (owner.kind, owner.name, owner.object_name) == ("workload", "web-0", "web")
    assert lasting_owner(PodFacts(name="web-0"), "net1", "statefulset") is None


@pytest.mark.parametrize(
    ("pod", "interface", "claim"),
    [
        (elements({"name": "a", "interface": "pod1", "ipam-claim-reference": "c"}), "pod1", "c"),
        (elements({"name": "a"}, {"name": "b", "ipam-claim-reference": "c"}), "net2", "c"),
        (elements({"name": "a"}, {"name": "b", "ipam-claim-reference": "c"}), "net1", None),
        (elements({"name": "a", "ipam-claim-reference": ""}), "net1", None),
        (PodFacts(name="p", annotations={NETWORKS: "a, b"}), "net1", None),
        (PodFacts(name="p"), "net1", None),
    ],
)
def test_the_claim_is_that_of_the_interface(
    pod: PodFacts, interface: str, claim: str | None
) -> None:
    assert claim_of(pod, interface) == claim


@pytest.mark.parametrize("text", ["[", "[1]", '[{"ipam-claim-reference": 1}]'])
def test_an_unreadable_annotation_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        claim_of(PodFacts(name="p", annotations={NETWORKS: text}), "net1")
