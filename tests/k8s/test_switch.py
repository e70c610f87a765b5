"""Pods that were there before the switch: whichever side deletes them, and whatever whereabouts forgot to write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.calls import Answer, Call, OverHttp
from fixtures.whereabouts import entry, inventory_of, ip_pool, pod
from rowhouse.domain.administration import Actor
from rowhouse.ipam.importing import Import
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.k8s.pods import KubernetesPods

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from lightkube import Client
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from fixtures.servers import Server
    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]

GRACE = 60.0


def take(store: Store, *objects: dict[str, Any]) -> None:
    work = Import(store, Actor(name="anna"), "", inventory_of(*objects))
    assert {one.outcome for one in work.findings()} == {"new"}


def held(dba: Session) -> list[str]:
    rows = dba.execute("SELECT host(address) FROM reservations ORDER BY address").fetchall()
    return [address for (address,) in rows]


def call(
    server: Server, command: str, container: str, cidr: str = "10.0.0.0/24", *addresses: str
) -> Answer:
    """A call for interface net1 of pod shop/web on node1."""
    config: dict[str, Any] = {
        "cniVersion": "1.0.0",
        "name": "storage",
        "type": "macvlan",
        "ipam": {"type": "whereabouts", "range": cidr},
    }
    if addresses:
        config["prevResult"] = {"ips": [{"address": address} for address in addresses]}
    environment = {
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": container,
        "CNI_NETNS": "/var/run/netns/x",
        "CNI_IFNAME": "net1",
        "CNI_PATH": "/opt/cni/bin",
        "CNI_ARGS": "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web",
    }
    return OverHttp(server.url).run(Call(env=environment, stdin=json.dumps(config).encode()))


@pytest.fixture
def look(session: Session, client: Client, dba: Session) -> Callable[[], list[str]]:
    """Two looks of the reconciler, a grace period apart, long after the import; what they released."""
    now = [1000.0]
    once = Reconciler(session, "", KubernetesPods(client), grace=GRACE, clock=lambda: now[0])

    def looks() -> list[str]:
        dba.execute("UPDATE attachments SET attached_at = attached_at - interval '1 hour'")
        once.look()
        now[0] += GRACE
        return [address for found in once.look().findings for address in found.released]

    return looks


def test_a_check_of_whereabouts_before_v0_8_finds_its_address(
    server: Server, store: Store, dba: Session
) -> None:
    """Neither an interface nor a node was ever written, and the import was not given the pods."""
    take(
        store,
        ip_pool("10.0.0.0/24", {"1": entry("shop/web", "s1", None)}),
        ip_pool("10.1.0.0/24", {"1": entry("shop/web", "s1", None)}),
    )
    assert call(server, "DEL", "s1", "10.9.0.0/24").exit_status == 0
    assert held(dba) == ["10.0.0.1", "10.1.0.1"]
    assert call(server, "CHECK", "s1", "10.0.0.0/24", "10.0.0.1/24").exit_status == 0
    # A CHECK changes nothing: only a DEL that names the range can mean it.
    assert call(server, "DEL", "s1", "10.9.0.0/24").exit_status == 0
    assert held(dba) == ["10.0.0.1", "10.1.0.1"]
    assert call(server, "DEL", "s1", "10.0.0.0/24").exit_status == 0
    assert held(dba) == ["10.1.0.1"]


def test_each_del_of_a_sandbox_ends_its_own_range(
    server: Server, store: Store, dba: Session
) -> None:
    take(
        store,
        ip_pool("10.0.0.0/24", {"1": entry("shop/web", "s1", None)}),
        ip_pool("10.1.0.0/24", {"1": entry("shop/web", "s1", None)}),
    )
    assert call(server, "DEL", "s1", "10.1.0.0/24").exit_status == 0
    assert held(dba) == ["10.0.0.1"]
    assert call(server, "DEL", "s1", "10.0.0.0/24").exit_status == 0
    assert held(dba) == []


def test_an_add_after_a_restart_of_the_node_gets_the_address_without_interface(
    server: Server, store: Store, dba: Session
) -> None:
    take(store, ip_pool("10.0.0.0/24", {"7": entry("shop/web", "s1", None)}))
    given = call(server, "ADD", "s2").document["ips"]
    assert [one["address"] for one in given] == ["10.0.0.7/24"]
    assert call(server, "DEL", "s1").exit_status == 0
    assert held(dba) == ["10.0.0.7"]
    assert call(server, "DEL", "s2").exit_status == 0
    assert held(dba) == []


def test_imported_pods_that_live_keep_their_addresses(
    kube: ApiServer, store: Store, look: Callable[[], list[str]], dba: Session
) -> None:
    """By the uid if multus sent it, otherwise by the name."""
    alive = pod("shop/web", {"10.0.0.1": "net1"})
    kube.put("pods", alive)
    kube.pod("silent", namespace="shop")
    allocations = {
        "1": entry("shop/web", "s1"),
        "2": entry("shop/silent", "s2"),
        "3": {"id": "", "podref": "shop/web", "ifname": "net2"},
        "4": entry("shop/silent", "s4", None),
    }
    take(store, ip_pool("10.0.0.0/24", allocations), alive)
    assert look() == []
    assert held(dba) == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]


def test_what_whereabouts_leaked_is_released_and_nothing_else(
    kube: ApiServer, store: Store, look: Callable[[], list[str]], dba: Session
) -> None:
    alive = pod("shop/web", {"10.0.0.1": "net1"})
    kube.put("pods", alive)
    allocations = {
        "1": entry("shop/web", "s1"),
        "2": entry("shop/gone", "s2"),
        "3": {"id": "", "podref": "shop/gone", "ifname": "net1"},
        "4": entry("shop/gone", "s4", None),
        "5": {"id": "s5", "podref": "", "ifname": "net1"},
    }
    take(store, ip_pool("10.0.0.0/24", allocations), alive)
    assert sorted(look()) == ["10.0.0.2", "10.0.0.3", "10.0.0.4"]
    assert held(dba) == ["10.0.0.1", "10.0.0.5"]


def test_whereabouts_176_a_name_that_came_back_after_the_import_frees_only_what_was_before(
    kube: ApiServer, store: Store, look: Callable[[], list[str]], dba: Session
) -> None:
    before = pod("shop/web", {"10.0.0.1": "net1"})
    take(store, ip_pool("10.0.0.0/24", {"1": entry("shop/web", "s1")}), before)
    kube.put("pods", before | {"metadata": before["metadata"] | {"uid": "another life"}})
    assert look() == ["10.0.0.1"]
    assert held(dba) == []


def test_pods_of_a_node_that_is_cut_off_keep_what_was_imported(
    kube: ApiServer, store: Store, look: Callable[[], list[str]], dba: Session
) -> None:
    """Deleted by force, and perhaps running on: the import learnt the node from the pod."""
    kube.node("node1", ready="Unknown")
    take(
        store,
        ip_pool("10.0.0.0/24", {"1": entry("shop/web", "s1")}),
        pod("shop/web", {"10.0.0.1": "net1"}, node="node1"),
    )
    assert look() == []
    assert held(dba) == ["10.0.0.1"]
