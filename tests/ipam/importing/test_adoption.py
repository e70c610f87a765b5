"""What was imported without its interface or its node: whereabouts before v0.8 kept none, and nobody tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.placement import Placed
from fixtures.pods import Pods, subnet
from fixtures.whereabouts import entry, inventory_of, ip_pool, pod
from ipam.importing.import_calls import POOL, WEB, outcomes, reservations, take
from rowhouse.domain.errors import TryAgain
from rowhouse.domain.requests import PodIdentity
from rowhouse.ipam.adoption import UnnamedImports, adopt_sandbox, imported

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]


BOTH = (
    ip_pool("10.0.0.0/24", {"5": entry("default/web", "sandbox-1", None)}),
    ip_pool("10.1.0.0/24", {"7": entry("default/web", "sandbox-1", None)}),
)


def test_an_add_gets_the_address_of_its_pool(store: Store, pods: Pods, dba: Session) -> None:
    take(store, inventory_of(*BOTH))
    [given] = pods.add_all("web", subnet("10.1.0.0/24"), container="sandbox-2", interface="net2")
    assert given.address == "10.1.0.7"
    assert pods.add("web", POOL, container="sandbox-2") == "10.0.0.5"
    assert reservations(dba) == {
        "10.0.0.5": "default/web net1",
        "10.1.0.7": "default/web net2",
    }
    # The old sandbox is known by its interfaces from now on.
    assert [one.address for one in pods.delete("sandbox-1", interface="net2")] == ["10.1.0.7"]


def test_a_second_interface_on_the_pool_gets_an_address_of_its_own(
    store: Store, pods: Pods
) -> None:
    take(store, inventory_of(*BOTH))
    assert pods.add("web", POOL) == "10.0.0.5"
    [second] = pods.add_all("web", POOL, interface="net2")
    assert second.address == "10.0.0.1"


def test_a_del_means_the_pool_of_its_configuration(store: Store, pods: Pods, dba: Session) -> None:
    take(store, inventory_of(*BOTH))
    sandbox = pods.sandbox("sandbox-1")
    assert pods.delete("sandbox-1") == []
    assert adopt_sandbox(store, sandbox, PodIdentity(), ([""], ["10.0.0.0/24"]), only_node=None)
    assert [one.address for one in pods.delete("sandbox-1")] == ["10.0.0.5"]
    assert reservations(dba) == {"10.1.0.7": "default/web "}


def test_a_del_that_could_mean_two_means_none(store: Store, pods: Pods) -> None:
    take(store, inventory_of(*BOTH))
    sandbox = pods.sandbox("sandbox-1")
    assert not adopt_sandbox(store, sandbox, PodIdentity(), None, only_node=None)
    assert not adopt_sandbox(store, sandbox, PodIdentity(), ([""], ["10.9.0.0/24"]), only_node=None)


def test_a_del_without_a_readable_range_means_the_only_one(store: Store) -> None:
    take(store, inventory_of(BOTH[0]))
    assert adopt_sandbox(
        store, Pods(store, cluster="").sandbox("sandbox-1"), PodIdentity(), None, only_node=None
    )


def test_a_later_import_that_knows_the_interfaces_fills_them_in(store: Store, pods: Pods) -> None:
    take(store, inventory_of(*BOTH))
    known = pod("default/web", {"10.0.0.5": "net1", "10.1.0.7": "net2"})
    told = outcomes(take(store, inventory_of(*BOTH, known)))
    assert (told["10.0.0.5"], told["10.1.0.7"]) == ("changed", "changed")
    assert [one.address for one in pods.delete("sandbox-1", interface="net2")] == ["10.1.0.7"]


def test_looks_for_them_end_with_the_last_of_them(store: Store, pods: Pods, dba: Session) -> None:
    take(store, inventory_of(BOTH[0]))
    pods.add("web", POOL)
    pods.add("other", POOL)
    assert dba.execute("SELECT * FROM imported_unnamed").fetchall() == []


def test_a_node_may_end_what_was_imported_without_a_node_if_its_pod_runs_there(
    store: Store, pods: Pods
) -> None:
    take(store, inventory_of(WEB))
    sandbox, web = pods.sandbox("sandbox-1", node="node1"), PodIdentity("default", "web")
    where = [""], ["10.0.0.0/24"]
    for known in (None, Placed({"web": "node9"}), Placed({"web": "node1"}, down=True)):
        assert not adopt_sandbox(store, sandbox, web, where, only_node="node1", pods=known)
        assert not imported(store, sandbox, web, where, only_node="node1", pods=known)
    here = Placed({"web": "node1"})
    [seen] = imported(store, sandbox, web, where, only_node="node1", pods=here)
    assert seen.address == "10.0.0.5"
    assert not imported(store, sandbox, web, where, only_node="node1"), "a CHECK changes nothing"
    assert adopt_sandbox(store, sandbox, web, where, only_node="node1", pods=here)
    take(
        store,
        inventory_of(
            ip_pool("10.0.0.0/24", {"6": entry("default/db", "sandbox-2", None)}),
            pod("default/db", node="node9"),
        ),
    )
    elsewhere = pods.sandbox("sandbox-2", node="node1")
    assert not adopt_sandbox(
        store, elsewhere, PodIdentity(), ([""], ["10.0.0.0/24"]), only_node="node1"
    )


def test_one_look_for_addresses_without_an_interface_serves_many_adds(store: Store) -> None:
    unnamed = UnnamedImports(store, max_age_seconds=1e6)
    assert not unnamed.exist()
    take(store, inventory_of(BOTH[0]))
    assert not unnamed.exist()
    assert UnnamedImports(store).exist(), "what one server knows is its own"


def test_a_look_that_failed_is_repeated(store: Store) -> None:
    store.call("SELECT 1")
    store.close()
    unnamed = UnnamedImports(store, max_age_seconds=1e6)
    for _ in range(2):
        with pytest.raises(TryAgain):
            unnamed.exist()
