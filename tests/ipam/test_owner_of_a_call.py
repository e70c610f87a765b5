"""A node's token finds the owner of an address only for a pod that runs on that node."""

from __future__ import annotations

import pytest

from fixtures.placement import Placed
from rowhouse.domain.errors import NotAllowed, TryAgain
from rowhouse.domain.lasting_owners import OwnerReference, PodFacts
from rowhouse.domain.requests import Owner
from rowhouse.ipam.lasting_owners import with_lasting_owner

OWNER = Owner(cluster="", namespace="default", name="web-0", interface="net1", uid="1")
FACTS = PodFacts(
    name="web-0", owners=[OwnerReference(group="apps", kind="StatefulSet", name="web")]
)
HERE = Placed({"web-0": "node1"}, uids=("1",), facts=FACTS)


def test_the_node_of_the_pod_gets_the_owner() -> None:
    found = with_lasting_owner(OWNER, "statefulset", pods=HERE, bound_node="node1")
    assert found.lasting is not None
    assert (found.lasting.name, found.sticky, found.uid) == ("web-0", True, "1")


def test_another_node_gets_nothing() -> None:
    with pytest.raises(NotAllowed, match='runs on node "node1", but the token is for node "node2"'):
        with_lasting_owner(OWNER, "statefulset", pods=HERE, bound_node="node2")


@pytest.mark.parametrize(
    "pods",
    [
        None,
        Placed({}),
        Placed({"web-0": "node1"}, uids=("2",), facts=FACTS),
        Placed({"web-0": "node1"}, uids=("1",), facts=FACTS, down=True),
    ],
)
def test_without_a_look_at_this_very_pod_the_call_is_to_be_repeated(pods: Placed | None) -> None:
    with pytest.raises(TryAgain):
        with_lasting_owner(OWNER, "statefulset", pods=pods, bound_node="node1")


def test_a_pod_without_such_an_owner_keeps_nothing() -> None:
    plain = Placed({"web-0": "node1"}, uids=("1",), facts=PodFacts(name="web-0"))
    found = with_lasting_owner(OWNER, "vm", pods=plain)
    assert (found.lasting, found.sticky) == (None, False)
