"""Calls that meet: real requests to a real server, released at the same moment."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from fixtures.calls import Answer, Call, OverHttp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fixtures.wiping import SharedDatabase

ROUNDS = 25
TRY_AGAIN = 11  # CNI SPEC, "Error": what a busy server says of one range
Made = TypeVar("Made")


@dataclass(frozen=True)
class Cluster:
    """Nodes that call one server; every call is of the network `lan`."""

    server: OverHttp
    range: str = "10.60.0.0/16"

    def call(
        self, command: str, pod: str, container: str, *, node: str = "node1", **config: Any
    ) -> Answer:
        """One call for a pod's sandbox."""
        document = {
            "cniVersion": "1.1.0",
            "name": "lan",
            "type": "macvlan",
            "ipam": {"type": "rowhouse", "range": self.range},
            **config,
        }
        env = {"CNI_COMMAND": command}
        if command != "GC":
            args = f"IgnoreUnknown=1;K8S_POD_NAMESPACE=race;K8S_POD_NAME={pod}"
            env |= {"CNI_CONTAINERID": container, "CNI_NETNS": "/ns", "CNI_IFNAME": "net1"}
            env["CNI_ARGS"] = args
        return self.server.run(Call(env=env, stdin=json.dumps(document).encode(), node=node))

    def decided(self, *arguments: Any, **config: Any) -> Answer:
        """What a call comes to when it is repeated, as by a kubelet, for as long as it is told to try again."""
        while (answer := self.call(*arguments, **config)).code == TRY_AGAIN:
            pass
        return answer

    def add(self, pod: str, container: str, *, node: str = "node1") -> str:
        """An ADD that must succeed; its address."""
        answer = self.call("ADD", pod, container, node=node)
        assert answer.exit_status == 0, answer
        return str(answer.document["ips"][0]["address"]).partition("/")[0]

    def delete(self, pod: str, container: str, *, node: str = "node1") -> None:
        """A DEL, which always succeeds."""
        answer = self.call("DEL", pod, container, node=node)
        assert (answer.exit_status, answer.stdout) == (0, b""), answer

    def collect(self, valid: Sequence[str], *, node: str = "node1") -> None:
        """A GC that must succeed; `valid` are container ids."""
        listed = [{"containerID": container, "ifname": "net1"} for container in valid]
        answer = self.call("GC", "", "", node=node, **{"cni.dev/valid-attachments": listed})
        assert (answer.exit_status, answer.stdout) == (0, b""), answer


@pytest.fixture
def nodes(database: SharedDatabase, url_of: Callable[[str], str]) -> Cluster:
    assert database.reserved() == []
    return Cluster(OverHttp(url_of("default")))


def at_once(*works: Callable[[], Made]) -> list[Made]:
    """Do all of it at the same moment; what each gave."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Made]) -> Made:
        barrier.wait(timeout=240)
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def holders(database: SharedDatabase) -> dict[str, list[str]]:
    """The container ids that use each reserved address."""
    return {
        address: sorted(containers)
        for address, containers in database.rows(
            "SELECT host(r.address), array_remove(array_agg(a.container_id), NULL)"
            " FROM reservations r LEFT JOIN attachments a USING (network_id, address)"
            " GROUP BY r.address"
        )
    }


def test_one_container_added_twice_at_once_has_one_address(
    nodes: Cluster, database: SharedDatabase
) -> None:
    for turn in range(ROUNDS):
        pod, container = f"pod-{turn}", f"sandbox-{turn}"
        addresses = set(at_once(*[partial(nodes.add, pod, container)] * 4))
        assert len(addresses) == 1
        assert holders(database)[addresses.pop()] == [container]
    assert len(database.reserved()) == ROUNDS


def test_a_del_of_the_old_sandbox_that_meets_the_add_of_the_new_one_takes_nothing_from_it(
    nodes: Cluster, database: SharedDatabase
) -> None:
    nodes.add("pod", "sandbox-0")
    for turn in range(ROUNDS):
        old, new = f"sandbox-{turn}", f"sandbox-{turn + 1}"
        _, address = at_once(partial(nodes.delete, "pod", old), partial(nodes.add, "pod", new))
        assert holders(database) == {address: [new]}


def test_a_gc_takes_nothing_from_the_sandboxes_it_lists_whatever_is_added_meanwhile(
    nodes: Cluster, database: SharedDatabase
) -> None:
    kept = {f"kept-{n}": nodes.add(f"kept-{n}", f"kept-{n}") for n in range(5)}
    elsewhere = nodes.add("elsewhere", "elsewhere", node="node2")
    for turn in range(ROUNDS):
        new = [f"new-{turn}-{n}" for n in range(3)]
        at_once(
            partial(nodes.collect, [*kept]),
            *[partial(nodes.add, name, name) for name in new],
        )
        # What it lists, and what other nodes have, is where it was.
        held = holders(database)
        assert {held[address][0]: address for address in kept.values()} == kept
        assert held[elsewhere] == ["elsewhere"]
        # What was added is there or gone, never half: each reservation has its sandbox.
        assert all(len(containers) == 1 for containers in held.values())
        assert database.problems() == []
    nodes.collect([*kept])
    assert set(database.reserved()) == {*kept.values(), elsewhere}


def test_the_late_del_of_a_revived_node_takes_nothing_from_the_address_s_new_user(
    nodes: Cluster, database: SharedDatabase
) -> None:
    # The pod of a StatefulSet moves to another node and has its address there.
    address = nodes.add("db-0", "old", node="dead")
    assert nodes.add("db-0", "new", node="alive") == address
    nodes.delete("db-0", "old", node="dead")
    assert holders(database) == {address: ["new"]}
    nodes.delete("db-0", "new", node="alive")

    # The address of a dead node's pod was given up by hand, and is another pod's now.
    assert nodes.add("web-0", "lost", node="dead") == address
    database.rows("DELETE FROM reservations WHERE host(address) = %s", (address,))
    assert nodes.add("web-1", "other", node="alive") == address
    for _ in range(2):
        nodes.delete("web-0", "lost", node="dead")
        nodes.collect([], node="dead")
    assert holders(database) == {address: ["other"]}


def test_two_hundred_concurrent_adds_get_two_hundred_addresses(
    nodes: Cluster, database: SharedDatabase
) -> None:
    pods = [f"pod-{number}" for number in range(200)]
    addresses = at_once(*[partial(nodes.add, pod, f"sandbox-{pod}") for pod in pods])
    assert len(set(addresses)) == 200
    assert sorted(database.reserved()) == sorted(addresses)


def test_of_fifty_pods_that_want_the_last_address_one_gets_it(
    nodes: Cluster, database: SharedDatabase
) -> None:
    last = {"type": "rowhouse", "range": "10.61.0.0/24", "range_start": "10.61.0.254"}
    pods = [f"pod-{number}" for number in range(50)]
    answers = at_once(
        *[partial(nodes.decided, "ADD", pod, f"sandbox-{pod}", ipam=last) for pod in pods]
    )
    codes = [answer.code for answer in answers]
    assert sorted(codes) == [0] + [100] * 49
    assert database.reserved() == ["10.61.0.254"]
    # Released while others still ask, it is assigned again.
    winner = pods[codes.index(0)]
    nodes.delete(winner, f"sandbox-{winner}")
    assert nodes.call("ADD", "late", "late", ipam=last).exit_status == 0


def test_pods_that_come_and_go_leave_nothing(nodes: Cluster, database: SharedDatabase) -> None:
    small = Cluster(nodes.server, range="10.62.0.0/28")

    def live(worker: int) -> None:
        for turn in range(8):
            pod, container = f"pod-{worker}", f"sandbox-{worker}-{turn}"
            address = small.add(pod, container)
            assert container in holders(database)[address]
            small.delete(pod, container)

    at_once(*[partial(live, worker) for worker in range(14)])
    assert database.reserved() == []
