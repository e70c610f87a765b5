"""Random histories of claims and machines against a model: an address stays while its owner lives, and only so long.

`ROWHOUSE_HISTORIES=100` tries more of them; a failure names its seed.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pytest

from k8s.running import until
from rowhouse.domain.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable

    from k8s.owners.stage import Stage
    from k8s.running import Running

HISTORIES = int(os.environ.get("ROWHOUSE_HISTORIES", "2"))
STEPS = 60
TRY_AGAIN = 11
NODES = ("node1", "node2", "node3")
PLURALS = {"claim": "ipamclaims", "virtual_machine": "virtualmachines"}


@dataclass
class Owner:
    """A claim or a machine: whether its object exists, its address, and its pods."""

    kind: str
    name: str
    exists: bool = False
    is_new: bool = False
    """Created again under its name while the address of the former object is held."""
    address: str = ""
    pods: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def is_gone(self) -> bool:
        """Whether nothing keeps the address."""
        return (self.is_new or not self.exists) and not self.pods

    def lose(self) -> None:
        """What it had, or the former object of its name, is free."""
        self.address, self.is_new = "", False


class History:
    """The model, and each step of it in the cluster."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.chance = random.Random(seed)
        kinds = ("claim", "virtual_machine") * 3
        self.owners = [Owner(kind, f"o{number}") for number, kind in enumerate(kinds)]
        self.started = 0
        stage.ipam |= {"sticky": "vm", "allowPersistentIPs": True}
        stage.kube.node("node3")

    def step(self) -> None:
        owner = self.chance.choice(self.owners)
        steps: list[Callable[[Owner], None]] = [
            self.start,
            self.start,
            self.start,
            self.stop,
            self.lose,
            self.toggle,
            self.fail_node,
            self.restart_controller,
            self.look,
            self.look_at_a_failing_cluster,
        ]
        self.chance.choice(steps)(owner)

    def start(self, owner: Owner) -> None:
        """A machine starts; if it runs, it begins a migration."""
        if not owner.exists or len(owner.pods) > 1:
            return
        self.started += 1
        pod, node = f"p{self.started}", self.chance.choice(NODES)
        annotations = {"kubevirt.io/domain": owner.name}
        if owner.kind == "claim":
            element = {"name": "lan", "ipam-claim-reference": owner.name}
            annotations["k8s.v1.cni.cncf.io/networks"] = json.dumps([element])
        labels = {"kubevirt.io": "virt-launcher"}
        answer = self.stage.start(pod, node=node, labels=labels, annotations=annotations)
        if owner.is_new:
            assert answer["code"] == TRY_AGAIN, "a new claim does not inherit"
            self.stage.kube.delete_pod(pod)
            return
        address = self.stage.address(answer)
        assert owner.address in {"", address}, "the owner lives, so its address is the same"
        owner.address = address
        owner.pods[pod] = node

    def stop(self, owner: Owner) -> None:
        """One pod ends: the machine stops, or its migration is done, or canceled."""
        if owner.pods:
            pod = self.chance.choice(sorted(owner.pods))
            del owner.pods[pod]
            self.stage.stop(pod)

    def lose(self, owner: Owner) -> None:
        """One pod ends, and its DEL is lost."""
        if owner.pods:
            pod = self.chance.choice(sorted(owner.pods))
            del owner.pods[pod]
            self.stage.kube.delete_pod(pod)

    def toggle(self, owner: Owner) -> None:
        """The object is deleted, or made (again); no controller sees the event."""
        owner.exists = not owner.exists
        owner.is_new = owner.exists and owner.kind == "claim" and owner.address != ""
        if not owner.exists:
            self.stage.delete(PLURALS[owner.kind], owner.name)
            return
        spec = {"network": "lan", "interface": ""}
        metadata = {"name": owner.name, "namespace": "default"}
        self.stage.kube.put(PLURALS[owner.kind], {"metadata": metadata, "spec": spec})

    def fail_node(self, _owner: Owner) -> None:
        """A node dies with its pods, and another one of this name takes its place."""
        node = self.chance.choice(NODES)
        self.stage.fail_node(node)
        self.stage.kube.node(node)
        for owner in self.owners:
            owner.pods = {pod: on for pod, on in owner.pods.items() if on != node}

    def restart_controller(self, _owner: Owner) -> None:
        """Another leader, which knows nothing of what the one before saw."""
        self.stage.__post_init__()

    def look(self, _owner: Owner) -> None:
        """Both passes of the controller: what is gone is free."""
        self.stage.reconcile()
        self.stage.owners.look()
        for owner in self.owners:
            if owner.is_gone:
                owner.lose()

    def look_at_a_failing_cluster(self, _owner: Owner) -> None:
        """The API server fails at some moment of the passes: what is gone may be free, nothing else."""
        verb = self.chance.choice(("*", "get", "list"))
        self.stage.kube.faults.fail(self.chance.randint(1, 4), verb=verb)
        try:
            self.stage.reconcile()
            self.stage.owners.look()
        except TryAgain:
            self.restart_controller(_owner)
        self.stage.kube.faults.heal()
        held = dict(self.stage.held())
        for owner in self.owners:
            if owner.is_gone and owner.address not in held:
                owner.lose()

    @property
    def wanted(self) -> dict[str, str]:
        """Address → owner."""
        return {one.address: one.label for one in self.owners if one.address}


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_an_address_stays_with_its_owner_and_no_longer(stage: Stage, seed: int) -> None:
    history = History(stage, seed)
    for number in range(STEPS):
        history.step()
        assert dict(stage.held()) == history.wanted, f"seed {seed}, step {number}"
    history.look(history.owners[0])
    assert dict(stage.held()) == history.wanted
    running = sorted((pod, node) for one in history.owners for pod, node in one.pods.items())
    assert sorted(stage.attached()) == running


@pytest.mark.slow
def test_so_it_is_with_controllers_that_are_killed(
    stage: Stage, start: Callable[..., Running]
) -> None:
    history = History(stage, seed=1)
    events = [history.start, history.start, history.stop, history.toggle]
    for _ in range(6):
        running = start()
        until(partial(running.says, "leading"))
        for _ in range(history.chance.randint(5, 15)):
            event, owner = history.chance.choice(events), history.chance.choice(history.owners)
            if event == history.toggle and owner.address and not owner.exists:
                continue  # its address may be released at this moment
            event(owner)
            held = dict(stage.held())
            for owner in history.owners:
                if owner.is_gone and owner.address not in held:
                    owner.address = ""
                assert not owner.address or held[owner.address] == owner.label
        running.process.kill()
        running.process.wait()
    start()
    alive = {one.address: one.label for one in history.owners if one.address and not one.is_gone}
    until(lambda: dict(stage.held()) == alive)
