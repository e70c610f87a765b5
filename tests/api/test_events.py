"""Events: what went wrong stays listed after the controller has told it to Kubernetes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fixtures.pods import subnet
from rowhouse.store.cluster import allocation_failures
from rowhouse.store.cluster.allocation_failures import AllocationFailure
from rowhouse.store.connection.listing import Wanted
from rowhouse.store.history import events

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from api.conftest import Api
    from fixtures.pods import Pods
    from rowhouse.store.connection.database import Database

    Dba = psycopg.Connection[TupleRow]

RECLAIM = "SELECT released FROM reclaim_v1('controller', 'prod-a', %s, 'net1', 'node1', NULL, clock_timestamp())"


def refused(pod: str, *, namespace: str = "shop", times: int = 1) -> AllocationFailure:
    return AllocationFailure(
        cluster="",
        namespace=namespace,
        pod=pod,
        interface="net1",
        node="node1",
        pod_uid="u",
        message=f"no free address for {pod}",
        times=times,
    )


def test_refused_adds_are_counted_and_stay_when_the_controller_takes_them(
    api: Api, store: Database, dba: Dba
) -> None:
    allocation_failures.note(store, [refused("web-0", times=3)])
    allocation_failures.note(store, [refused("web-0"), refused("web-1")])
    dba.execute("SELECT take_allocation_failures_v1('', 100)")
    allocation_failures.note(store, [refused("web-0")])
    found = {one["pod"]: one for one in api.items("events")}
    assert {pod: one["times"] for pod, one in found.items()} == {"web-0": 5, "web-1": 1}
    first = found["web-0"]
    assert (first["reason"], first["message"]) == ("NoAddress", "no free address for web-0")
    assert first["first_at"] < first["last_at"]
    dba.execute("UPDATE events SET last_at = last_at - interval '61 minutes'")
    allocation_failures.note(store, [refused("web-0")])
    assert [one["times"] for one in api.items("events?name=web-0")] == [1, 5]


def test_teams_see_no_part_of_what_a_server_of_the_previous_release_noted(
    api: Api, store: Database, dba: Dba
) -> None:
    said = "requested address 10.0.0.2 is in use by other/db-0"
    dba.execute(
        "SELECT note_allocation_failures_v1(ARRAY[''], ARRAY['shop'], ARRAY['web-0'], ARRAY['net1'], ARRAY['node1'],"
        " ARRAY['u'], ARRAY[%s], ARRAY[1::bigint], ARRAY['NoAddress'])",
        (said,),
    )
    [event] = api.items("events")
    assert (event["message"], event["held_by"]) == ("an operator can see the reason", said)
    wanted = events.Search(namespaces=("shop",))
    [seen] = events.search(store, wanted, after=None, limit=2)
    assert (seen.message, seen.held_by) == ("an operator can see the reason", None)
    # The Kubernetes event is as before.
    [taken] = dba.execute("SELECT message FROM take_allocation_failures_v1('', 9)").fetchall()
    assert taken == (said,)


def test_an_event_is_found_by_what_holds_the_address(store: Database) -> None:
    failure = replace(refused("web-0"), event_message="it is in use", held_by="other/db-0")
    allocation_failures.note(store, [failure])
    asked = Wanted(words=("other/db-0",), sort="last_at")

    def found(namespaces: tuple[str, ...] | None) -> int:
        return events.listing(namespaces).page(store, asked, offset=0, limit=9).total

    assert (found(None), found(("shop",))) == (1, 0)


def test_a_release_by_the_controller_is_an_event(api: Api, pods: Pods, dba: Dba) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    assert dba.execute(RECLAIM, ("unknown",)).fetchall() == []
    assert api.items("events") == []
    assert dba.execute(RECLAIM, ("web-0",)).fetchall() == [(True,)]
    [event] = api.items("events")
    assert (event["reason"], event["namespace"], event["pod"]) == ("Reclaimed", "default", "web-0")
    assert event["message"] == (
        "the controller released 10.0.0.1: its pod is gone, and no DEL came"
    )


def test_a_pool_that_becomes_nearly_full_is_one_event(api: Api, dba: Dba) -> None:
    pool = api.pool("10.0.0.0/28", name="small")
    api.reserve(pool, count=11)
    dba.execute("SELECT sample_fill_v1()")
    assert api.items("events") == []
    api.reserve(pool, count=1)
    for _ in range(2):
        dba.execute("UPDATE pool_trends SET sampled_at = sampled_at - interval '15 minutes'")
        dba.execute("UPDATE fill_samples SET at = at - interval '15 minutes'")
        assert dba.execute("SELECT sample_fill_v1()").fetchone() == (True,)
    [event] = api.items("events?pool=small")
    assert (event["reason"], event["pool"], event["cluster"]) == (
        "PoolNearlyFull",
        pool["cidr"],
        None,
    )
    assert (
        event["message"] == "pool 10.0.0.0/28 of the default network: 12 of 14 addresses are used"
    )


def test_old_events_go_with_the_next_sample(api: Api, store: Database, dba: Dba) -> None:
    api.pool()
    allocation_failures.note(store, [refused("old"), refused("new")])
    dba.execute("UPDATE events SET last_at = now() - interval '31 days' WHERE pod = 'old'")
    dba.execute("SELECT sample_fill_v1()")
    assert [one["pod"] for one in api.items("events")] == ["new"]


def test_events_are_filtered_and_paged_the_latest_first(
    api: Api, store: Database, dba: Dba
) -> None:
    for number in range(5):
        allocation_failures.note(store, [refused(f"web-{number}")])
    allocation_failures.note(store, [refused("db-0", namespace="data")])
    dba.execute("UPDATE events SET node = 'node2' WHERE pod = 'db-0'")
    names = [f"web-{number}" for number in (4, 3, 2, 1, 0)]
    for query, pods in (
        ("namespace=shop", names),
        ("namespace=data", ["db-0"]),
        ("node=node2", ["db-0"]),
        ("name=web-3&reason=NoAddress", ["web-3"]),
        ("reason=Reclaimed", []),
        ("cluster=", ["db-0", *names]),
        ("cluster=east", []),
        ("until=2001-01-01T00:00:00Z", []),
    ):
        assert [one["pod"] for one in api.items(f"events?{query}")] == pods, query
    read, path = [], "events?limit=2"
    while True:
        page = api.get(path)
        read += [one["pod"] for one in page["items"]]
        if page["next"] is None:
            break
        path = f"events?limit=2&cursor={page['next']}"
    assert read == ["db-0", *names]
    api.refused(404, "GET", "events?pool=none")


def test_a_team_sees_the_events_of_its_namespaces(store: Database) -> None:
    allocation_failures.note(store, [refused("web-0"), refused("db-0", namespace="data")])
    wanted = events.Search(namespaces=("data",))
    assert [one.pod for one in events.search(store, wanted, after=None, limit=9)] == ["db-0"]
