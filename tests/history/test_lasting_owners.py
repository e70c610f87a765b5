"""Where an owner that outlives its pods was, and when: one tenure, and the sandboxes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.pods import Pods, subnet
from rowhouse.domain.requests import LastingOwner

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

VM = LastingOwner(kind="virtual_machine", name="db", interface="net1")
SUBNET = subnet("10.0.0.0/24")
RAN_ON = (
    "SELECT name, container_id, held_until IS NULL, end_reason FROM ran_on(%s) ORDER BY held_from"
)
OF = "SELECT name, node, held_until IS NULL FROM of_container(%s)"


def start(pods: Pods, pod: str, node: str) -> None:
    pods.add_all(pod, SUBNET, node=node, uid=pod, sticky=True, lasting=VM)


def test_each_node_and_each_container_of_a_machine_is_found(pods: Pods, dba: Session) -> None:
    start(pods, "a", "node1")
    start(pods, "b", "node2")
    assert dba.execute(RAN_ON, ("node1",)).fetchall() == [("db", "a", True, None)]
    assert dba.execute(RAN_ON, ("node2",)).fetchall() == [("db", "b", True, None)]
    pods.delete("a")
    start(pods, "c", "node1")
    pods.add("plain", SUBNET)
    assert dba.execute(RAN_ON, ("node1",)).fetchall() == [
        ("db", "a", False, "DEL"),
        ("db", "c", True, None),
        ("plain", "plain", True, None),
    ]
    assert dba.execute(OF, ("a",)).fetchall() == [("db", "node1", False)]
    assert dba.execute(OF, ("b",)).fetchall() == [("db", "node2", True)]
    for pod in ("b", "c"):
        pods.delete(pod)
    assert dba.execute(RAN_ON, ("node2",)).fetchall() == [("db", "b", False, "DEL")]
    late = "SELECT count(*) FROM ran_on('node1', now() + interval '1 hour', now() + interval '2 hours')"
    assert dba.execute(late).fetchone() == (1,), "only the plain pod"


def test_what_was_pruned_is_gone_from_both(pods: Pods, dba: Session) -> None:
    start(pods, "a", "node1")
    pods.delete("a")
    start(pods, "b", "node1")
    prune = "SELECT pruned FROM prune_v1(clock_timestamp(), 0, 100)"
    assert dba.execute(prune).fetchall() == [(0,)], "the owner holds the address"
    assert dba.execute(OF, ("a",)).fetchall() == []
    assert dba.execute(OF, ("b",)).fetchall() == [("db", "node1", True)]
