"""What is served and still deserves a word: once in the log, and as an event."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.cni.warnings import Warnings
from rowhouse.domain.requests import Assigned, Owner


class Notes:
    """Stands where notes for the controller are kept."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.messages: list[str] = []

    def note(self, _owner: Owner, _node: str, message: str, *, reason: str) -> None:
        self.reasons.append(reason)
        self.messages.append(message)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def warnings(notes: Notes) -> Warnings:
    return Warnings(notes)  # type: ignore[arg-type]  # all that it uses


def owner(name: str, **more: Any) -> Owner:
    return Owner(
        **{"cluster": "", "namespace": "default", "name": name, "interface": "net1", **more}
    )


def test_a_sticky_network_and_a_generated_name_are_warned_of_once(
    warnings: Warnings, notes: Notes
) -> None:
    for name in ("web-5d4f8c7b9d-x7k2p", "web-5d4f8c7b9d-zk4wq", "web-7f9c5d4f8c-tq5mz"):
        warnings.sticky_name(owner(name, sticky=True), "node1", "storage")
    assert notes.reasons == ["StickyGeneratedName"]
    for said in ('"storage"', "web-5d4f8c7b9d-x7k2p", "never used again", "sticky_ttl"):
        assert said in notes.messages[0]
    warnings.sticky_name(owner("api-5d4f8c7b9d-x7k2p", sticky=True), "node1", "storage")
    assert len(notes.reasons) == 2


def test_no_other_pod_is_warned_of(warnings: Warnings, notes: Notes) -> None:
    warnings.sticky_name(owner("web-0", sticky=True), "node1", "storage")
    warnings.sticky_name(owner("web-5d4f8c7b9d-x7k2p"), "node1", "storage")
    assert notes.reasons == []


def test_two_pods_of_one_name_in_clusters_without_a_name_are_noticed(
    warnings: Warnings, notes: Notes, pods: Pods
) -> None:
    unnamed = Pods(pods.store, cluster="")
    wanted = subnet("10.0.0.0/24")
    given: list[list[Assigned]] = [
        unnamed.add_all("web-0", wanted, container=f"c{uid}", node=f"node{uid}", uid=uid)
        for uid in ("1", "2")
    ]
    assert [one[0].rival for one in given] == [None, 'node "node1", uid 1']
    for _ in range(2):
        warnings.shared_name(owner("web-0", uid="2"), "node2", given[1])
    assert notes.reasons == ["AddressShared"]
    assert "10.0.0.1" in notes.messages[0]
    assert 'node "node1", uid 1' in notes.messages[0]
    warnings.shared_name(owner("web-0", uid="2", cluster="prod-a"), "node2", given[1])
    assert len(notes.reasons) == 1


def test_a_migration_of_the_same_pod_is_no_second_one(pods: Pods) -> None:
    wanted = subnet("10.0.0.0/24")
    pods.add("web-0", wanted, uid="1")
    [again] = pods.add_all("web-0", wanted, container="c2", node="node2", uid="1")
    assert again.rival is None
