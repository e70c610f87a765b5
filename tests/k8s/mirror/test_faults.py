"""Bad days of the API server, and people who edit what is ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg
    from psycopg.rows import TupleRow

    from k8s.mirror.conftest import Mirroring

POOL = subnet("10.0.0.0/24")
NAME = "10.0.0.0-24"
POOLS, RESERVATIONS = "ippools", "overlappingrangeipreservations"
BOGUS = {"id": "x", "podref": "default/bogus", "ifname": "net1"}


def edit(mirroring: Mirroring, allocations: Mapping[str, object]) -> None:
    spec = {"range": "10.0.0.0/24", "allocations": allocations}
    mirroring.kube.put(POOLS, {"metadata": {"name": NAME}, "spec": spec})


def put(mirroring: Mirroring, kind: str, name: str, spec: dict[str, object]) -> None:
    mirroring.kube.put(kind, {"metadata": {"name": name}, "spec": spec})


def test_edits_and_deletions_of_others_are_put_back(mirroring: Mirroring, pods: Pods) -> None:
    pods.add("web-0", POOL)
    mirroring.round()
    before = mirroring.pools(), mirroring.reservations()
    edit(mirroring, {"7": BOGUS})
    mirroring.until(lambda: (mirroring.pools(), mirroring.reservations()) == before)
    mirroring.kube.delete(POOLS, NAME, "kube-system")
    mirroring.until(lambda: (mirroring.pools(), mirroring.reservations()) == before)
    put(mirroring, RESERVATIONS, "10.0.0.1", {"podref": "default/bogus"})
    mirroring.until(lambda: (mirroring.pools(), mirroring.reservations()) == before)
    mirroring.kube.delete(RESERVATIONS, "10.0.0.1", "kube-system")
    mirroring.until(lambda: (mirroring.pools(), mirroring.reservations()) == before)


def test_an_edit_that_was_not_seen_yet_is_a_conflict_and_not_lost(
    mirroring: Mirroring, pods: Pods
) -> None:
    pods.add("web-0", POOL)
    mirroring.round()
    for i in range(1, 6):
        edit(mirroring, {"7": BOGUS})
        pods.add(f"web-{i}", POOL)
        mirroring.until(lambda n=i: len(mirroring.holders(NAME)) == n + 1)  # type: ignore[misc]
        assert "default/bogus" not in mirroring.holders(NAME).values()


def test_labels_and_annotations_of_others_stay(mirroring: Mirroring, pods: Pods) -> None:
    pods.add("web-0", POOL)
    mirroring.round()
    metadata = {"name": NAME, "labels": {"team": "a"}, "annotations": {"note": "b"}}
    spec = {"range": "10.0.0.0/24", "allocations": {}}
    mirroring.kube.put(POOLS, {"metadata": metadata, "spec": spec})
    mirroring.until(lambda: len(mirroring.holders(NAME)) == 1)
    found = mirroring.kube.all(POOLS)[NAME]["metadata"]
    assert (found["labels"], found["annotations"]) == ({"team": "a"}, {"note": "b"})


def test_a_watch_that_fell_behind_is_made_up_for_by_a_list(
    mirroring: Mirroring, pods: Pods
) -> None:
    pods.add("web-0", POOL)
    mirroring.round()
    mirroring.kube.stop()
    edit(mirroring, {"7": BOGUS})
    mirroring.kube.forget()  # 410 Gone
    mirroring.kube.start()
    mirroring.until(lambda: mirroring.holders(NAME) == {"1": "default/web-0"})


def test_an_api_server_that_is_away_is_waited_for_and_misses_nothing(
    mirroring: Mirroring, pods: Pods
) -> None:
    pods.add("web-0", POOL)
    mirroring.round()
    mirroring.kube.stop()
    pods.add("web-1", POOL)
    mirroring.round()
    assert mirroring.mirror.pause > 0.1
    assert mirroring.mirror.report()["trouble"]
    assert mirroring.mirror.report()["lag_seconds"] >= 0
    pods.delete("web-0")
    mirroring.round()  # its backoff is not over: it only takes note
    mirroring.kube.start()
    mirroring.until(lambda: mirroring.reservations() == {"10.0.0.2": "default/web-1"})
    assert mirroring.holders(NAME) == {"2": "default/web-1"}
    assert mirroring.mirror.report()["trouble"] == ""


def test_it_waits_as_long_as_it_is_asked_to(mirroring: Mirroring, pods: Pods) -> None:
    mirroring.kube.faults.throttle(20, retry_after=7, verb="create")
    pods.add("web-0", POOL)
    mirroring.round()
    assert 6 < mirroring.mirror.pause <= 7
    tries = [line for line in mirroring.kube.seen if line.startswith("POST")]
    assert len(tries) <= 8  # those that were under way


def test_an_answer_that_is_lost_is_no_second_object(mirroring: Mirroring, pods: Pods) -> None:
    mirroring.kube.faults.lose_answers = 2
    pods.add("web-0", POOL)
    mirroring.until(lambda: mirroring.reservations() and mirroring.pools())
    pods.add("web-1", POOL)
    mirroring.kube.faults.lose_answers = 2
    mirroring.until(lambda: len(mirroring.reservations()) == len(mirroring.pools()[NAME]) == 2)


def test_without_the_permission_it_says_so_and_goes_on_when_it_is_given(
    mirroring: Mirroring, pods: Pods
) -> None:
    mirroring.kube.faults.deny("create", POOLS)
    pods.add("web-0", POOL)
    mirroring.round()
    assert "forbidden" in mirroring.mirror.report()["trouble"]
    mirroring.kube.faults.heal()
    mirroring.until(lambda: mirroring.pools() and mirroring.reservations())


def test_a_list_that_fails_is_no_empty_cluster(mirroring: Mirroring, pods: Pods) -> None:
    pods.add("web-0", POOL)
    mirroring.round()
    mirroring.restart()
    mirroring.kube.faults.fail(1, verb="list")
    mirroring.kube.seen.clear()
    with pytest.raises(TryAgain):
        mirroring.round()
    assert [line for line in mirroring.kube.seen if not line.startswith("GET")] == []
    mirroring.until(lambda: mirroring.mirror.report()["ippools"] == 1)
    assert [line for line in mirroring.kube.seen if not line.startswith("GET")] == []


def test_changes_made_while_no_mirror_ran_are_caught_up(mirroring: Mirroring, pods: Pods) -> None:
    pods.add("web-0", POOL)
    pods.add("web-1", POOL)
    mirroring.round()
    pods.delete("web-0")
    mirroring.store.changes()  # taken by one that was killed before it wrote
    mirroring.restart()
    mirroring.round()
    assert mirroring.holders(NAME) == {"2": "default/web-1"}
    assert mirroring.reservations() == {"10.0.0.2": "default/web-1"}


def test_addresses_that_the_database_never_had_are_not_taken_from_a_living_whereabouts(
    mirroring: Mirroring, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    """The mirror was turned on before the import."""
    living = {"9": {"id": "a", "podref": "default/living", "ifname": "net1"}}
    edit(mirroring, living)
    put(mirroring, RESERVATIONS, "10.0.0.9", {"podref": "default/living"})
    put(mirroring, POOLS, "10.5.0.0-24", {"range": "10.5.0.0/24", "allocations": living})
    mirroring.restart()
    pods.add("web-0", POOL)
    mirroring.round()
    mirroring.round()
    assert mirroring.pools() == {NAME: living, "10.5.0.0-24": living}
    assert mirroring.reservations() == {
        "10.0.0.9": "default/living",
        "10.0.0.1": "default/web-0",
    }
    assert {(one.reason, one.object) for one in mirroring.mirror.problems} == {
        ("unknown", f"{POOLS}/{NAME}"),
        ("foreign", f"{POOLS}/10.5.0.0-24"),
        ("foreign", f"{RESERVATIONS}/10.0.0.9"),
    }
    assert "10.0.0.9 of default/living" in mirroring.mirror.problems[0].text
    # Imported, it is ours.
    dba.execute(
        """INSERT INTO reservations (network_id, pool_id, address, owner_namespace, owner_name,
                                     owner_interface, container_id)
           SELECT network_id, id, '10.0.0.9', 'default', 'living', 'net1', 'a' FROM pools"""
    )
    mirroring.round()
    assert mirroring.holders(NAME) == {"1": "default/web-0", "9": "default/living"}


def test_an_object_that_is_not_ours_stays_when_its_pool_goes(
    mirroring: Mirroring, dba: psycopg.Connection[TupleRow]
) -> None:
    edit(mirroring, {"9": BOGUS})
    mirroring.restart()
    dba.execute("SELECT ensure_pool('', '10.0.0.0/24', false)")
    mirroring.round()
    assert [one.reason for one in mirroring.mirror.problems] == ["unknown"]
    dba.execute("DELETE FROM pools")
    mirroring.mirror.resync()
    mirroring.round()
    assert mirroring.holders(NAME) == {"9": "default/bogus"}
    assert [one.reason for one in mirroring.mirror.problems] == ["foreign"]


def test_what_was_imported_and_released_since_is_removed(mirroring: Mirroring, pods: Pods) -> None:
    """The history knows the address and the pod, so it is not a running pod that was never imported."""
    pods.add("web-0", POOL)
    pods.add("web-1", POOL)
    pods.delete("web-1")
    left = {
        "1": {"id": "web-0", "podref": "default/web-0", "ifname": "net1"},
        "2": {"id": "web-1", "podref": "default/web-1", "ifname": "net1"},
    }
    edit(mirroring, left)
    put(mirroring, RESERVATIONS, "10.0.0.2", {"podref": "default/web-1"})
    mirroring.restart()
    mirroring.round()
    assert mirroring.holders(NAME) == {"1": "default/web-0"}
    assert mirroring.reservations() == {"10.0.0.1": "default/web-0"}


def test_who_means_it_may_overwrite(mirroring: Mirroring, pods: Pods) -> None:
    edit(mirroring, {"9": BOGUS})
    put(mirroring, RESERVATIONS, "10.0.0.9", {"podref": "default/bogus"})
    put(mirroring, POOLS, "10.5.0.0-24", {"range": "10.5.0.0/24", "allocations": {}})
    pods.add("web-0", POOL)
    mirroring.another(overwrite=True).once()
    assert mirroring.pools().keys() == {NAME}
    assert mirroring.holders(NAME) == {"1": "default/web-0"}
    assert mirroring.reservations() == {"10.0.0.1": "default/web-0"}
