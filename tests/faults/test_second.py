"""The second checker finds each kind of contradiction in records that have it, and none in those that do not."""

from __future__ import annotations

from typing import Any

import pytest

from faults.second import nads
from faults.second.judge import Judge
from faults.second.records import Record, Records

ADDRESS = "10.11.0.5"


class Story:
    """Calls one after the other, each a second long, one second apart."""

    def __init__(self) -> None:
        self.records = Records()

    def call(self, kind: str, of: nads.Nad = nads.TIGHT, /, **facts: Any) -> Record:
        now = 2.0 * len(self.records.calls)
        facts = {"outcome": "ok", "container": facts.get("owner", ""), "keys": of.keys} | facts
        made = Record(
            number=len(self.records.calls), kind=kind, begin=now, end=now + 1, network=of.network, **facts
        )  # fmt: skip
        self.records.end(made)
        made.begin, made.end = now, now + 1
        return made

    def add(self, owner: str, address: str, nad: nads.Nad = nads.TIGHT, **facts: Any) -> Record:
        facts = {"nad": nad.name, "addresses": (address,)} | facts
        return self.call("ADD", nad, owner=f"pod default/{nad.name}-{owner}", **facts)

    def delete(self, add: Record, nad: nads.Nad = nads.TIGHT) -> Record:
        return self.call("DEL", nad, owner=add.owner, container=add.container)

    def by_hand(self, kind: str, address: str, *, force: bool = False, **facts: Any) -> Record:
        owner = facts.pop("owner", "")
        details = {"pool": nads.TIGHT.cidrs[0], "ttl": 0, "from": ""} | facts.pop("details", {})
        addresses = (address,) if address else ()
        return self.call(
            kind, owner=owner, addresses=addresses, is_forced=force, details=details, **facts
        )

    def found(self) -> set[str]:
        judge = Judge(self.records, nads.FIXED)
        judge.judge()
        return {kind for kind, _ in judge.found}


@pytest.mark.parametrize("is_deleted", [False, True])
def test_two_owners_at_one_time(*, is_deleted: bool) -> None:
    story = Story()
    first = story.add("a", ADDRESS)
    if is_deleted:
        story.delete(first)
    story.add("b", ADDRESS)
    assert story.found() == (set() if is_deleted else {"two owners"})


@pytest.mark.parametrize("is_forced", [False, True])
def test_an_operator_took_what_runs(*, is_forced: bool) -> None:
    story = Story()
    story.add("a", ADDRESS)
    story.by_hand("reassign", ADDRESS, owner="static printer", force=is_forced)
    wanted = set() if is_forced else {"a running sandbox was left behind without force"}
    assert story.found() == wanted
    story.add("b", ADDRESS)
    assert story.found() == {*wanted, "two owners"}


@pytest.mark.parametrize("kind", ["exclude", "gateway", "window"])
def test_what_may_not_be_given_was_given(kind: str) -> None:
    story = Story()
    details = {"gateway": ADDRESS, "window_first": "10.11.0.8", "window_last": "10.11.0.9"}
    story.by_hand(kind, ADDRESS if kind == "exclude" else "", details=details)
    story.add("a", ADDRESS)
    assert len(story.found()) == 1


@pytest.mark.parametrize("kind", ["exclude", "gateway", "window"])
def test_a_change_left_a_sandbox_behind(kind: str) -> None:
    story = Story()
    story.add("a", ADDRESS)
    story.by_hand("window", "", details={"window_first": None, "window_last": None})
    details = {"gateway": ADDRESS, "window_first": "10.11.0.8", "window_last": "10.11.0.9"}
    story.by_hand(kind, ADDRESS if kind == "exclude" else "", details=details)
    assert story.found() == {"a running sandbox was left behind without force"}


@pytest.mark.parametrize("is_jumped", [False, True])
def test_a_quarantine_ended_early_unless_the_clock_jumped(*, is_jumped: bool) -> None:
    story, nad = Story(), nads.RESTING
    first = story.add("a", "10.15.0.9", nad)
    gone = story.delete(first, nad)
    second = story.add("b", "10.15.0.9", nad)
    second.begin, second.end = gone.end, gone.begin + 0.5
    if is_jumped:
        story.records.jumps.append((gone.begin, gone.end, "database", 3600))
    assert story.found() == (set() if is_jumped else {"a quarantined address was given"})


def test_what_is_held_was_not_given_again() -> None:
    story = Story()
    story.by_hand("reserve", ADDRESS, owner="pod default/owned-1")
    story.call(
        "ADD",
        owner="pod default/owned-1",
        nad=nads.TIGHT.name,
        addresses=("10.11.0.6",),
    )
    assert story.found() == {"what was held is not given again"}


def test_a_reservation_by_hand_was_lost() -> None:
    story = Story()
    story.by_hand("reserve", ADDRESS, owner="static printer")
    details = {"from": "static printer"}
    story.by_hand("release", ADDRESS, outcome="refused", status=404, details=details)
    assert story.found() == {"reserved by hand and lost"}


def test_sticky_addresses_and_those_of_operators_must_be_left() -> None:
    story = Story()
    story.by_hand("reserve", ADDRESS, owner="static printer")
    sticky = story.add("0", "10.12.0.2", nads.STICKY)
    story.delete(sticky, nads.STICKY)
    plain = story.add("a", "10.11.0.6")
    story.delete(plain)
    left = Judge(story.records, nads.FIXED).left()
    assert left == {
        ("tight", ADDRESS): "static printer",
        ("sticky", "10.12.0.2"): "pod default/sticky-0",
    }
