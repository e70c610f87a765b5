"""Import into a database: what is taken, what is left alone, and that the pods never notice."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet
from fixtures.whereabouts import entry, inventory_of, ip_pool, pod, reservation, slice_pool
from ipam.importing.import_calls import ACTOR, POOL, WEB, outcomes, reservations, take
from rowhouse.ipam.importing import Import

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]


def test_an_address_is_taken_with_its_sandbox_and_its_history(store: Store, dba: Session) -> None:
    found = take(store, inventory_of(WEB, pod("default/web", {"10.0.0.5": "net1"}, node="node7")))
    assert outcomes(found) == {"pool": "new", "10.0.0.5": "new"}
    assert reservations(dba) == {"10.0.0.5": "default/web net1"}
    [attachment] = dba.execute(
        "SELECT container_id, interface, node, pod_uid FROM attachments"
    ).fetchall()
    assert attachment == ("sandbox-1", "net1", "node7", "uid-web")
    [tenure] = dba.execute("SELECT start_reason, started_by, end_reason FROM tenures").fetchall()
    assert tenure == ("IMPORT", "anna@laptop", None)


def test_a_second_import_changes_nothing(store: Store, dba: Session) -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/24", {str(n): entry(f"default/p{n}") for n in range(1, 40)})
    )
    take(store, found)
    before = dba.execute("SELECT ctid, xmin, address FROM reservations ORDER BY address").fetchall()
    again = take(store, found)
    assert set(outcomes(again).values()) == {"there"}
    assert (
        dba.execute("SELECT ctid, xmin, address FROM reservations ORDER BY address").fetchall()
        == before
    )


def test_a_look_changes_nothing_and_tells_what_would_be(
    store: Store, pods: Pods, dba: Session
) -> None:
    pods.add("other", subnet("10.0.0.0/24", ("10.0.0.9", "10.0.0.9")))
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) SELECT id, '10.0.0.20', '10.0.0.29' FROM networks"
    )
    found = inventory_of(
        ip_pool(
            "10.0.0.0/24",
            {"5": entry("default/web"), "9": entry("default/db"), "21": entry("default/kept")},
        ),
        ip_pool("10.1.0.0/24", {"1": entry("default/web")}),
    )
    looked = take(store, found, dry_run=True)
    assert [(one.pool.cidr, one.what, one.outcome) for one in looked if not one.address] == [
        ("10.0.0.0/24", "pool", "there"),
        ("10.1.0.0/24", "pool", "new"),
    ]
    expected = {
        "10.0.0.5": "new",
        "10.0.0.9": "conflict",
        "10.0.0.21": "conflict",
        "10.1.0.1": "new",
    }
    assert {one.address: one.outcome for one in looked if one.address} == expected
    details = {one.address: one.detail for one in looked}
    assert details["10.0.0.9"].startswith("held by default/other net1")
    assert "exclusion" in details["10.0.0.21"]
    assert reservations(dba) == {"10.0.0.9": "default/other net1"}
    assert dba.execute("SELECT count(*) FROM pools").fetchone() == (1,)
    # … and what would be is what is.
    done = take(store, found)
    assert {one.address: one.outcome for one in done if one.address} == expected
    assert set(reservations(dba)) == {"10.0.0.5", "10.0.0.9", "10.1.0.1"}


def test_an_address_of_another_owner_is_never_overwritten(
    store: Store, pods: Pods, dba: Session
) -> None:
    pods.add("here-first", subnet("10.0.0.0/24", ("10.0.0.5", "10.0.0.5")))
    [_, found] = take(store, inventory_of(WEB), release_gone=True)
    assert (found.outcome, found.source) == ("conflict", "IPPool kube-system/10.0.0.0-24, key 5")
    assert reservations(dba) == {"10.0.0.5": "default/here-first net1"}


def test_an_add_of_the_same_pod_returns_its_address(store: Store, pods: Pods) -> None:
    take(store, inventory_of(WEB))
    assert pods.add("web", POOL, container="sandbox-2") == "10.0.0.5"
    assert pods.add("other", POOL) == "10.0.0.1"
    # The old sandbox's DEL, which comes late, does not free what the new one uses.
    assert [one.released for one in pods.delete("sandbox-1")] == [False]
    assert [one.released for one in pods.delete("sandbox-2")] == [True]


def test_a_del_by_container_and_interface_releases_it(
    store: Store, pods: Pods, dba: Session
) -> None:
    take(store, inventory_of(WEB))
    [ended] = pods.delete("sandbox-1")
    assert (ended.address, ended.released) == ("10.0.0.5", True)
    row = dba.execute("SELECT start_reason, end_reason FROM tenures").fetchone()
    assert row == ("IMPORT", "DEL")


def test_the_address_of_a_range_that_grew_is_found_by_both_ranges(store: Store, pods: Pods) -> None:
    """Two pools of one network: neither assigns an address that the other one holds."""
    take(store, inventory_of(WEB, ip_pool("10.0.0.0/16", {"1": entry("default/db", "sandbox-2")})))
    given = [pods.add(f"new-{n}", subnet("10.0.0.0/16")) for n in range(5)]
    assert given == ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.6", "10.0.0.7"]


def test_a_node_keeps_its_slice(store: Store, pods: Pods) -> None:
    found = inventory_of(
        slice_pool("nad", "10.0.0.0/24", "/26", {"10.0.0.64/26": "node1", "10.0.0.0/26": "node2"}),
        ip_pool("10.0.0.64/26", {"1": entry("default/web", "sandbox-1")}, node="node1"),
    )
    assert outcomes(take(store, found)) == {
        "pool": "new",
        "slice 10.0.0.64/26 of node node1": "new",
        "slice 10.0.0.0/26 of node node2": "new",
        "10.0.0.65": "new",
    }
    sliced = subnet("10.0.0.0/24", slice_size=26)
    assert pods.add("web", sliced, container="sandbox-2") == "10.0.0.65"
    # (a slice is a block of the pool: only the ends of the whole pool are kept free)
    assert pods.add("more", sliced) == "10.0.0.64"
    assert pods.add("there", sliced, node="node2") == "10.0.0.1"
    assert set(outcomes(take(store, found)).values()) == {"there"}


def test_a_slice_that_another_node_has_here_is_a_conflict(store: Store, pods: Pods) -> None:
    pods.add("here-first", subnet("10.0.0.0/24", slice_size=26), node="node9")
    found = inventory_of(
        slice_pool("nad", "10.0.0.0/24", "/26", {"10.0.0.0/26": "node1"}),
        ip_pool("10.0.0.0/26", node="node1"),
    )
    told = take(store, found)
    assert outcomes(told)["slice 10.0.0.0/26 of node node1"] == "conflict"
    assert told[1].detail == "10.0.0.0/26 is the slice of node node9 here"


def test_sandboxes_of_a_pod_that_restarted_meanwhile_are_brought_up_to_date(
    store: Store, pods: Pods, dba: Session
) -> None:
    """whereabouts goes on while it is imported for the first time."""
    take(store, inventory_of(WEB))
    later = ip_pool("10.0.0.0/24", {"5": entry("default/web", "sandbox-2")})
    assert outcomes(take(store, inventory_of(later)))["10.0.0.5"] == "changed"
    assert dba.execute("SELECT container_id FROM attachments").fetchall() == [("sandbox-2",)]
    assert [one.released for one in pods.delete("sandbox-2")] == [True]


def test_what_an_add_has_touched_is_left_as_it_is(store: Store, pods: Pods, dba: Session) -> None:
    """The switch is over: what whereabouts last knew is older than what we know."""
    take(store, inventory_of(WEB))
    pods.add("web", POOL, container="sandbox-2")
    pods.delete("sandbox-1")
    assert outcomes(take(store, inventory_of(WEB), release_gone=True))["10.0.0.5"] == "there"
    assert dba.execute("SELECT container_id FROM attachments").fetchall() == [("sandbox-2",)]


def test_what_is_gone_from_whereabouts_is_released_only_if_asked_for(
    store: Store, pods: Pods, dba: Session
) -> None:
    both = {"5": entry("default/web", "sandbox-1"), "6": entry("default/db", "sandbox-2")}
    take(store, inventory_of(ip_pool("10.0.0.0/24", both)))
    moved = inventory_of(ip_pool("10.0.0.0/24", {"5": entry("default/db", "sandbox-3")}))
    assert outcomes(take(store, moved)) == {
        "pool": "there",
        "10.0.0.5": "conflict",
        "10.0.0.6": "gone",
    }
    assert set(reservations(dba)) == {"10.0.0.5", "10.0.0.6"}
    looked = take(store, moved, dry_run=True, release_gone=True)
    assert outcomes(looked)["10.0.0.5"] == "new"
    assert set(reservations(dba)) == {"10.0.0.5", "10.0.0.6"}
    take(store, moved, release_gone=True)
    assert reservations(dba) == {"10.0.0.5": "default/db net1"}
    # The pod that moved is given its present address, not the one that it once had.
    assert pods.add("db", POOL, container="sandbox-4") == "10.0.0.5"


def test_what_was_never_imported_is_never_gone(store: Store, pods: Pods, dba: Session) -> None:
    pods.add("ours", POOL)
    take(store, inventory_of(ip_pool("10.0.0.0/24")), release_gone=True)
    assert reservations(dba) == {"10.0.0.1": "default/ours net1"}


def test_two_addresses_of_one_interface_are_both_kept(store: Store, pods: Pods) -> None:
    found = inventory_of(
        ip_pool(
            "10.0.0.0/24", {"1": entry("default/web", "old"), "2": entry("default/web", "new")}
        ),
        pod("default/web", {"10.0.0.2": "net1"}),
    )
    take(store, found)
    assert pods.add("web", POOL, container="newest") == "10.0.0.2"
    assert [one.address for one in pods.delete("old")] == ["10.0.0.1"]


def test_one_address_of_a_pod_on_two_networks_goes_with_the_last_of_them(
    store: Store, pods: Pods, dba: Session
) -> None:
    """whereabouts 722."""
    found = inventory_of(
        ip_pool("10.0.0.0/16", {"1": entry("default/web", "sandbox-1", "net2")}),
        ip_pool("10.0.0.0/24", {"1": entry("default/web", "sandbox-1", "net1")}),
    )
    take(store, found)
    assert [one.released for one in pods.delete("sandbox-1", interface="net1")] == [False]
    assert [one.released for one in pods.delete("sandbox-1", interface="net2")] == [True]
    assert reservations(dba) == {}


def test_what_is_over_a_quota_is_refused_alone(store: Store, dba: Session) -> None:
    dba.execute("INSERT INTO quotas (namespace, addresses) VALUES ('greedy', 2)")
    entries = {str(n): entry(f"greedy/p{n}") for n in range(1, 5)}
    entries |= {str(n): entry(f"modest/p{n}") for n in range(5, 9)}
    told = outcomes(take(store, inventory_of(ip_pool("10.0.0.0/24", entries))))
    assert [told[f"10.0.0.{n}"] for n in range(1, 9)] == ["new"] * 2 + ["refused"] * 2 + ["new"] * 4


def test_a_quarantined_address_that_is_in_use_is_taken(
    store: Store, pods: Pods, dba: Session
) -> None:
    pods.add("brief", POOL)
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    pods.delete("brief")
    take(store, inventory_of(ip_pool("10.0.0.0/24", {"1": entry("default/web")})))
    assert reservations(dba) == {"10.0.0.1": "default/web net1"}


def test_an_entry_that_names_no_pod_outlives_every_pod(store: Store, dba: Session) -> None:
    nobody = ip_pool("10.0.0.0/24", {"1": {"id": "cc", "podref": "", "ifname": "net1"}})
    take(store, inventory_of(nobody))
    assert set(outcomes(take(store, inventory_of(nobody))).values()) == {"there"}
    row = dba.execute("SELECT owner_kind::text, owner_name, sticky FROM reservations").fetchone()
    assert row == ("static", "cc", True)


def test_an_import_goes_on_beside_a_server_that_is_at_work(
    store: Store, pods: Pods, dba: Session
) -> None:
    """No address is lost, and none is given twice: either it was imported, or it is a conflict."""
    entries = {str(n): entry(f"default/old-{n}") for n in range(2, 200, 2)}
    found = inventory_of(ip_pool("10.0.0.0/24", entries))
    given: list[str] = []

    def churn(worker: int) -> None:
        given.extend(pods.add(f"new-{worker}-{n}", POOL) for n in range(12))

    workers = [threading.Thread(target=churn, args=(worker,)) for worker in range(3)]
    for worker in workers:
        worker.start()
    told = outcomes(take(store, found))
    for worker in workers:
        worker.join()
    taken = {address for address, outcome in told.items() if outcome == "new" and address != "pool"}
    assert len(given) == len(set(given)) == 36
    assert taken.isdisjoint(given)
    assert {address for address, outcome in told.items() if outcome == "conflict"} <= set(given)
    assert set(reservations(dba)) == taken | set(given)


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_an_import_that_was_interrupted_is_gone_on_with(
    store: Store, dba: Session, batches: int
) -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/24", {str(n): entry(f"default/p{n}") for n in range(1, 40)})
    )
    work = Import(store, ACTOR, "", found, batch=7).findings()
    for _ in range(1 + 7 * batches):
        next(work)
    work.close()
    assert len(reservations(dba)) == 7 * batches
    told = outcomes(take(store, found))
    assert list(told.values()).count("there") == 7 * batches + 1
    assert len(reservations(dba)) == 39


def test_clusters_do_not_see_each_other(store: Store, dba: Session) -> None:
    take(store, inventory_of(WEB), cluster="prod-a")
    [_, found] = take(store, inventory_of(WEB), cluster="prod-b")
    assert found.outcome == "conflict"
    assert "of cluster prod-a" in found.detail
    take(store, inventory_of(ip_pool("10.0.0.0/24")), cluster="prod-b", release_gone=True)
    assert len(reservations(dba)) == 1


def test_a_reservation_without_an_entry_is_held_until_its_pod_is_gone(
    store: Store, pods: Pods
) -> None:
    take(store, inventory_of(ip_pool("10.0.0.0/24"), reservation("10.0.0.1", "default/web")))
    assert pods.add("other", POOL) == "10.0.0.2"
    assert pods.add("web", POOL) == "10.0.0.1"
