"""Events are told once, and what can not be told holds nobody up."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from fixtures.crowds import at_once
from rowhouse.domain.requests import Owner
from rowhouse.ipam.refusals import RefusalNotes
from rowhouse.k8s.events import Teller
from rowhouse.store import refusals
from rowhouse.store.refusals import Refusal

if TYPE_CHECKING:
    import psycopg
    from lightkube import Client
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from rowhouse.store.database import Database as Store

PATIENCE = 30.0


def refused(pod: str = "web-0", *, node: str = "node1", times: int = 1) -> Refusal:
    return Refusal(
        cluster="",
        namespace="default",
        pod=pod,
        interface="net1",
        node=node,
        pod_uid="uid",
        message="full",
        times=times,
    )


def test_a_pod_that_asks_again_and_again_is_told_of_once_in_five_minutes(
    kube: ApiServer, client: Client
) -> None:
    times = iter((0.0, 0.0, 1.0, 1.0, 299.0, 299.0, 299.0, 299.0, 301.0, 301.0))
    teller = Teller(client, clock=lambda: next(times))  # asked for the pod and for its node
    for _ in range(3):
        teller.refused([refused()])
    assert len(kube.events()) == 2
    teller.refused([refused("web-1")])  # another pod, the same node
    assert len(kube.events()) == 3
    teller.refused([refused(times=7)])
    assert sorted(event["count"] for event in kube.events()) == [1, 1, 1, 1, 7]


def test_an_event_that_can_not_be_written_is_no_failure(kube: ApiServer, client: Client) -> None:
    kube.faults.deny("create", "events")
    Teller(client).refused([refused()])
    assert kube.events() == []


def test_a_long_message_is_cut_to_what_the_api_takes(kube: ApiServer, client: Client) -> None:
    Teller(client).refused([replace(refused(), message="x" * 5000)])
    assert {len(event["message"]) for event in kube.events()} == {1024}


def test_refusals_come_together_in_the_background_and_are_taken_once(
    store: Store, session: psycopg.Connection[TupleRow]
) -> None:
    notes = RefusalNotes(store, every=0.05)
    owner = Owner(cluster="", namespace="default", name="web-0", interface="net1", uid="uid")
    at_once([lambda: notes.note(owner, "node1", "full")] * 8)
    found: list[Refusal] = []
    deadline = time.monotonic() + PATIENCE
    while sum(one.times for one in found) < 8:
        assert time.monotonic() < deadline
        found += refusals.take(session, "")
        time.sleep(0.02)
    assert {one.key for one in found} == {("", "default", "web-0", "net1")}
    assert refusals.take(session, "") == []
    assert refusals.take(session, "elsewhere") == []


def test_what_nobody_takes_does_not_stay(
    store: Store, dba: psycopg.Connection[TupleRow], session: psycopg.Connection[TupleRow]
) -> None:
    refusals.note(store, [refused(f"web-{i}") for i in range(3)])
    dba.execute("UPDATE refusals SET last_at = last_at - interval '2 hours' WHERE pod <> 'web-2'")
    refusals.note(store, [refused("web-2", times=4)])
    [left] = refusals.take(session, "")
    assert (left.pod, left.times) == ("web-2", 5)
