"""Running pods keep their addresses: after a restore, and when they come from another IPAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.placement import Placed
from fixtures.pods import Pods, subnet
from fixtures.running import definition, running
from rowhouse.cni.configurations import Configurations
from rowhouse.cni.definitions import ranges_of
from rowhouse.domain.administration import Actor
from rowhouse.domain.errors import AttachedElsewhere, InvalidConfig, PoolExhausted, TryAgain
from rowhouse.domain.requests import PodIdentity
from rowhouse.importers.pods.inventory import inventory_of
from rowhouse.importers.pods.objects import RunningObjects
from rowhouse.ipam.adoption import adopt_sandbox, imported
from rowhouse.ipam.importing import Import
from rowhouse.store.allocation import importing
from rowhouse.store.cluster.sandboxes import held_sandboxes, reclaim

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.domain.importing import Finding, Inventory
    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]

ACTOR = Actor(name="anna@laptop")
RANGE = {"type": "rowhouse", "range": "10.0.0.0/24"}
STORAGE = definition("storage", RANGE)
SUBNET = subnet("10.0.0.0/24")
WHERE = [""], ["10.0.0.0/24"]
ATTACHED = (
    "SELECT host(address), container_id, interface, node, pod_uid FROM attachments ORDER BY 1, 2"
)


@pytest.fixture(autouse=True)
def integrity(dba: Session) -> Iterator[None]:
    """Whatever a test does, the database finds no problem afterwards."""
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


@dataclass(frozen=True)
class ImportResult:
    """An import of objects; what it found."""

    findings: list[Finding]
    found: Inventory

    @property
    def outcomes(self) -> dict[str, str]:
        return {one.address: one.outcome for one in self.findings if one.address}

    @property
    def refused(self) -> str:
        return " | ".join(f"{one.source}: {one.reason}" for one in self.found.not_taken)


def take(store: Store, *objects: dict[str, Any], dry_run: bool = False) -> ImportResult:
    collected = RunningObjects()
    collected.add_all(objects, "a test")
    pods = collected.running()
    ranges, unusable = {}, {}
    for name, text in collected.definitions.items():
        try:
            ranges[name] = ranges_of(
                name, text, Configurations("", {}), importing.named_pools(store)
            )
        except InvalidConfig as error:
            unusable[name] = error.message
    found = inventory_of(pods, ranges, unusable)
    work = Import(
        store, ACTOR, "prod-a", found, dry_run=dry_run, running_at=pods.listed_at, batch=3
    )
    return ImportResult(list(work.findings()), found)


def test_a_pod_becomes_an_attached_reservation_of_its_node_and_uid(
    store: Store, pods: Pods, dba: Session
) -> None:
    done = take(store, STORAGE, running("web-0", "10.0.0.5"), running("web-1", "10.0.0.1/24"))
    assert done.outcomes == {"10.0.0.5": "new", "10.0.0.1": "new"}
    assert dba.execute(ATTACHED).fetchall() == [
        ("10.0.0.1", "", "net1", "node1", "uid-web-1"),
        ("10.0.0.5", "", "net1", "node1", "uid-web-0"),
    ]
    assert pods.add("other", SUBNET) == "10.0.0.2"
    assert take(store, STORAGE, running("web-0", "10.0.0.5")).outcomes == {"10.0.0.5": "there"}


def test_the_gateways_of_its_network_are_withheld_from_every_other_one(
    store: Store, pods: Pods, dba: Session
) -> None:
    routed = definition("routed", RANGE | {"gateway": "10.0.0.1"})
    moved = definition("moved", {"type": "host-local", "subnet": "10.8.0.0/24"})
    objects = (
        routed,
        moved,
        running("web-0", "10.0.0.5", network="default/routed"),
        running("web-1", "10.8.0.7", network="default/moved"),
    )
    looked = take(store, *objects, dry_run=True).outcomes
    assert looked == dict.fromkeys(("10.0.0.1", "10.0.0.5", "10.8.0.1", "10.8.0.7"), "new")
    assert dba.execute("SELECT * FROM gateways").fetchall() == []
    assert take(store, *objects).outcomes == looked
    assert pods.add("other", SUBNET) == "10.0.0.2"
    assert pods.add("another", subnet("10.8.0.0/24")) == "10.8.0.2"
    assert set(take(store, *objects).outcomes) == {"10.0.0.5", "10.8.0.7"}


def test_its_own_del_releases_it_and_no_other_nodes_does(store: Store, pods: Pods) -> None:
    take(store, STORAGE, running("web-0", "10.0.0.5"))
    me = PodIdentity("default", "web-0", "uid-web-0")
    strangers = [
        (pods.sandbox("c9", node="node2"), me, "node2"),
        (pods.sandbox("c9"), PodIdentity("default", "web-0", "another"), "node1"),
        (pods.sandbox("c9"), PodIdentity("default", "web-1", "uid-web-0"), "node1"),
        (pods.sandbox("c9", interface="net2"), me, "node1"),
    ]
    for sandbox, pod, node in strangers:
        assert not adopt_sandbox(store, sandbox, pod, WHERE, only_node=node)
    mine = pods.sandbox("c1")
    assert [one.address for one in imported(store, mine, me, WHERE, only_node="node1")] == [
        "10.0.0.5"
    ]
    assert pods.delete("c1") == [], "a CHECK completed nothing"
    assert adopt_sandbox(store, mine, me, WHERE, only_node="node1")
    assert [one.released for one in pods.delete("c1")] == [True]


def test_its_next_sandbox_has_it_and_another_nodes_has_not(
    store: Store, pods: Pods, dba: Session
) -> None:
    take(store, STORAGE, running("web-0", "10.0.0.5"))
    dba.execute("UPDATE reservations SET sticky = true, policy_source = 'operator'")
    with pytest.raises(AttachedElsewhere):
        pods.add_all(
            "web-0",
            SUBNET,
            container="c9",
            node="node2",
            uid="uid-web-0",
            bound=True,
            placement=Placed({}),
        )
    assert pods.add("web-0", SUBNET, container="c1", uid="uid-web-0") == "10.0.0.5"
    assert dba.execute(ATTACHED).fetchall() == [("10.0.0.5", "c1", "net1", "node1", "uid-web-0")]


def test_the_reconciler_judges_each_by_its_own_pod(store: Store, dba: Session) -> None:
    take(store, STORAGE, running("web-0", "10.0.0.5"), running("web-1", "10.0.0.6"))
    held = {one.pod: one for one in held_sandboxes(dba, "prod-a")}
    assert {name: one.addresses for name, one in held.items()} == {
        "web-0": ("10.0.0.5",), "web-1": ("10.0.0.6",),
    }  # fmt: skip
    assert reclaim(dba, "controller", "prod-a", held["web-0"]) == ["10.0.0.5"]
    assert [row[0] for row in dba.execute(ATTACHED)] == ["10.0.0.6"]


def test_what_its_network_can_be(store: Store, pods: Pods, dba: Session) -> None:
    pods.add("first", subnet("10.7.0.0/24"))
    dba.execute("UPDATE pools SET name = 'lan'")
    done = take(
        store,
        definition("dual", {"type": "whereabouts", "ipRanges": [{"range": "10.1.0.0/24"}, {"range": "fd00::/64"}]}),
        definition("named", {"type": "rowhouse", "pool": "lan"}),
        definition("old", {"type": "host-local", "ranges": [[{"subnet": "10.2.0.0/24"}]]}),
        definition("foreign", {"type": "spiderpool"}),
        running("a", "10.1.0.9", "fd00::9", network="default/dual"),
        running("b", "10.7.0.9", network="default/named"),
        running("c", "10.2.0.9", network="default/old"),
        running("d", "10.3.0.9", network="default/foreign"),
        running("e", "10.4.0.9", network="default/gone"),
        running("f", "10.9.0.9", network="default/dual"),
        running("g", "10.1.0.10", network="default/dual", phase="Succeeded"),
    )  # fmt: skip
    assert set(done.outcomes) == {"10.1.0.9", "fd00::9", "10.7.0.9", "10.2.0.9", "10.2.0.1"}
    for said in (
        "its IPAM is spiderpool",
        "10.4.0.9: its NAD no longer exists",
        "10.9.0.9 is outside every range",
    ):
        assert said in done.refused


def test_two_pods_with_one_address_are_both_told_of_and_no_third_one_gets_it(
    store: Store, pods: Pods
) -> None:
    done = take(
        store,
        STORAGE,
        running("younger", "10.0.0.1", node="node2", created_at="2026-03-02T12:00:00Z"),
        running("older", "10.0.0.1"),
    )
    [kept] = [one for one in done.findings if one.address]
    assert kept.owner == "default/older"
    assert "younger on node node2" in kept.notes[0]
    assert "pod default/younger" in done.refused
    assert "default/older on node node1" in done.refused
    assert pods.add("third", SUBNET) == "10.0.0.2"


def test_a_dry_run_changes_nothing_and_says_the_same(store: Store, dba: Session) -> None:
    objects = (STORAGE, running("web-0", "10.0.0.5"))
    assert take(store, *objects, dry_run=True).outcomes == {"10.0.0.5": "new"}
    assert dba.execute("SELECT count(*) FROM pools").fetchone() == (0,)
    assert take(store, *objects).outcomes == {"10.0.0.5": "new"}


def test_what_a_restored_database_says_of_ended_pods_gives_way_to_running_ones(
    store: Store, pods: Pods, dba: Session
) -> None:
    """The dump is of yesterday: since then old-0 ended, and its address is web-0's; web-1 was recreated."""
    assert pods.add("old-0", SUBNET, uid="old") == "10.0.0.1"
    assert pods.add("web-1", SUBNET, container="web-1-old", uid="old") == "10.0.0.2"
    assert pods.add("kept-0", SUBNET, sticky=True) == "10.0.0.3"
    dba.execute("UPDATE attachments SET attached_at = '2026-02-01'")
    dba.execute("UPDATE reservations SET reserved_at = '2026-02-01'")
    now = (
        STORAGE,
        running("web-0", "10.0.0.1"),
        running("web-1", "10.0.0.2", uid="new", node="node2"),
        running("web-2", "10.0.0.3"),
    )
    looked, done = take(store, *now, dry_run=True), take(store, *now)
    assert [one.outcome for one in looked.findings if one.address == "10.0.0.1"] == ["gone", "new"]
    assert [one.outcome for one in done.findings if one.address == "10.0.0.1"] == ["gone", "new"]
    assert done.outcomes["10.0.0.2"] == "changed"
    assert done.outcomes["10.0.0.3"] == "conflict", "its owner keeps it: a person decides"
    # The old sandbox of web-1 goes, and its address stays the new one's.
    assert [one.released for one in pods.delete("web-1-old")] == [False]
    assert take(store, *now).outcomes["10.0.0.2"] == "there"


def test_the_quota_counts_no_ended_pod_whose_address_a_running_one_has(
    store: Store, pods: Pods, dba: Session
) -> None:
    assert pods.add("old-0", SUBNET) == "10.0.0.1"
    assert pods.add("old-1", SUBNET) == "10.0.0.2"
    dba.execute("UPDATE attachments SET attached_at = '2026-02-01'")
    dba.execute("UPDATE reservations SET reserved_at = '2026-02-01'")
    dba.execute(
        "INSERT INTO quotas (namespace, pool_id, addresses) SELECT 'default', id, 2 FROM pools"
    )
    done = take(
        store,
        STORAGE,
        running("web-0", "10.0.0.9"),
        running("web-1", "10.0.0.1"),
        running("web-2", "10.0.0.2"),
    )
    assert sorted((one.address, one.outcome) for one in done.findings if one.what == "address") == [
        ("10.0.0.1", "gone"),
        ("10.0.0.1", "new"),
        ("10.0.0.2", "gone"),
        ("10.0.0.2", "new"),
        ("10.0.0.9", "refused"),
    ]


def test_what_was_assigned_since_the_pods_were_listed_stays(store: Store, pods: Pods) -> None:
    assert pods.add("new-0", SUBNET) == "10.0.0.1"
    assert take(store, STORAGE, running("web-0", "10.0.0.1")).outcomes == {"10.0.0.1": "conflict"}


def test_new_addresses_are_held_back_until_their_pool_was_read(store: Store, pods: Pods) -> None:
    pods.add("web-0", SUBNET)
    assert importing.hold(store, ACTOR, "restore of Tuesday")
    assert not importing.hold(store, ACTOR, "again")
    for wanted in (SUBNET, subnet("10.5.0.0/24"), subnet("10.0.0.0/24", requested="10.0.0.9")):
        with pytest.raises(TryAgain, match="restore of Tuesday") as held:
            pods.add("web-1", wanted)
        assert "rowhouse import resume" in held.value.hint
    assert pods.add("web-0", SUBNET, container="again") == "10.0.0.1", "what it has it gets"
    take(store, STORAGE, running("web-2", "10.0.0.2"))
    assert pods.add("web-1", SUBNET) == "10.0.0.3"
    with pytest.raises(TryAgain):
        pods.add("web-3", subnet("10.5.0.0/24"))
    assert importing.resume(store, ACTOR)
    assert not importing.resume(store, ACTOR)
    assert pods.add("web-3", subnet("10.5.0.0/24")) == "10.5.0.1"


def test_the_drill_leaves_nothing(store: Store, pods: Pods, dba: Session) -> None:
    """A backup, more pods, the loss, the restore, the import, and the DEL of every pod."""
    two = subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.4"))
    for name in ("a", "b"):
        pods.add(name, two, uid=f"uid-{name}")
    # (Since the backup c and d came: the restored database knows nothing of them.)
    importing.hold(store, ACTOR, "restore")
    take(
        store,
        STORAGE,
        *(running(name, f"10.0.0.{n}") for n, name in enumerate("abcd", start=1)),
    )
    importing.resume(store, ACTOR)
    with pytest.raises(PoolExhausted):
        pods.add("e", two)
    for name in "abcd":
        sandbox = pods.sandbox(name)
        if not pods.delete(name):
            assert adopt_sandbox(
                store,
                sandbox,
                PodIdentity("default", name, f"uid-{name}"),
                WHERE,
                only_node="node1",
            )
            assert [one.released for one in pods.delete(name)] == [True]
    left = "SELECT address FROM reservations UNION ALL SELECT address FROM attachments"
    assert dba.execute(left).fetchall() == []
