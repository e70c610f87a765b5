"""The checker finds each contradiction, and only contradictions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from faults.checker import Checker, Verdict
from faults.final_state import FinalState
from faults.journal import EXHAUSTED, Event, Journal, Phase, Verb, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POOL = (1, "10.0.0.0/30")


class Script:
    """Calls one after the other, or begun and ended by hand."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.calls = 0

    def begin(self, verb: Verb, owner: str, container: str = "") -> Event:
        self.calls += 1
        event = Event(
            at=len(self.events),
            call=self.calls,
            phase="begin",
            verb=verb,
            pool="p",
            owner=owner,
            container=container or owner,
        )
        self.events.append(event)
        return event

    def end(self, begun: Event, phase: Phase, *addresses: str, code: int = 0) -> None:
        self.events.append(
            Event(
                at=len(self.events),
                call=begun.call,
                phase=phase,
                verb=begun.verb,
                pool="p",
                owner=begun.owner,
                container=begun.container,
                addresses=addresses,
                code=code,
            )
        )

    def add(self, owner: str, *addresses: str, container: str = "") -> None:
        self.end(self.begin("ADD", owner, container), "ok", *addresses)

    def delete(self, owner: str, phase: Phase = "ok", container: str = "") -> None:
        self.end(self.begin("DEL", owner, container), phase)

    def found(self, state: FinalState | None = None, *, room: int | None = None) -> list[str]:
        checker = Checker({} if room is None else {"p": room})
        checker.read(self.events)
        verdict = checker.verdict if state is None else checker.finish(state)
        return sorted(verdict.found)


@pytest.fixture
def script() -> Script:
    return Script()


def there(**owners: str) -> FinalState:
    """A database in which each owner has one address and one sandbox of its own name."""
    addresses = sorted(owners.values())
    free = [f"10.0.0.{n}" for n in range(4) if f"10.0.0.{n}" not in addresses]
    return FinalState(
        owner_of={address: owner for owner, address in owners.items()},
        attached={owner: {address} for owner, address in owners.items()},
        history={address: [owner] for owner, address in owners.items()},
        reserved=[(1, address) for address in addresses],
        free=[(1, address, address) for address in free],
        pools=[POOL],
    )


def test_a_world_in_order_has_no_contradiction(script: Script) -> None:
    script.add("a", "10.0.0.1")
    script.add("a", "10.0.0.1")
    script.delete("a")
    script.delete("a")
    script.add("b", "10.0.0.1")
    script.add("c", "10.0.0.2")
    state = there(b="10.0.0.1", c="10.0.0.2")
    state.history["10.0.0.1"].insert(0, "a")
    assert script.found(state, room=2) == []


def test_an_address_with_two_owners_is_found(script: Script) -> None:
    script.add("a", "10.0.0.1")
    script.add("b", "10.0.0.1")
    assert script.found() == ["two owners"]


def test_sandboxes_of_one_pod_share_its_address(script: Script) -> None:
    script.add("a", "10.0.0.1", container="a1")
    script.add("a", "10.0.0.1", container="a2")
    script.delete("a", container="a1")
    script.add("b", "10.0.0.2")
    assert script.found() == []
    script.add("c", "10.0.0.1")
    assert script.found() == ["two owners"]


def test_what_is_being_deleted_may_be_given_to_the_next_one(script: Script) -> None:
    script.add("a", "10.0.0.1")
    under_way = script.begin("DEL", "a")
    script.add("b", "10.0.0.1")
    script.end(under_way, "unknown")
    assert script.found(there(b="10.0.0.1")) == ["history disagrees"]


def test_an_add_in_progress_has_no_owner_yet(script: Script) -> None:
    first = script.begin("ADD", "a")
    script.add("b", "10.0.0.1")
    script.delete("b")
    script.end(first, "ok", "10.0.0.1")
    assert script.found() == []


def test_an_answer_that_came_after_its_own_del_proves_nothing(script: Script) -> None:
    first = script.begin("ADD", "a")
    script.delete("a")
    script.end(first, "ok", "10.0.0.1")
    script.add("b", "10.0.0.1")
    assert script.found(there(b="10.0.0.1")) == []


def test_another_address_for_the_same_sandbox_is_found(script: Script) -> None:
    script.add("a", "10.0.0.1")
    script.add("a", "10.0.0.2")
    assert script.found() == ["moved"]


def test_another_address_for_another_sandbox_of_the_pod_is_found(script: Script) -> None:
    script.add("a", "10.0.0.1", container="a1")
    script.add("a", "10.0.0.2", container="a2")
    assert script.found() == ["moved"]


def test_success_without_an_address_is_found(script: Script) -> None:
    script.add("a")
    assert script.found() == ["no address"]


def test_an_acknowledged_address_that_is_not_there_is_found(script: Script) -> None:
    script.add("a", "10.0.0.1")
    assert script.found(there()) == ["acknowledged and lost", "history disagrees"]


def test_an_acknowledged_address_with_another_owner_is_found(script: Script) -> None:
    script.add("a", "10.0.0.1")
    script.end(script.begin("ADD", "b"), "unknown")
    state = there(b="10.0.0.1")
    state.history["10.0.0.1"].insert(0, "a")
    assert script.found(state) == ["acknowledged and lost"]


def test_a_lost_row_is_found_even_if_it_was_deleted_later(script: Script) -> None:
    script.add("a", "10.0.0.1")
    script.delete("a")
    assert script.found(there()) == ["history disagrees"]


def test_a_history_in_another_order_is_found(script: Script) -> None:
    for owner in ("a", "b"):
        script.add(owner, "10.0.0.1")
        script.delete(owner)
    state = there()
    state.history["10.0.0.1"] = ["b", "a"]
    assert script.found(state) == ["history disagrees"]


def test_a_sandbox_that_came_back_after_its_del_is_found(script: Script) -> None:
    script.add("a", "10.0.0.1")
    script.delete("a")
    assert script.found(there(a="10.0.0.1")) == ["released and back"]


@pytest.mark.parametrize("verb", ["ADD", "DEL"])
def test_of_what_is_unknown_either_is_fine(script: Script, verb: Verb) -> None:
    if verb == "DEL":
        script.add("a", "10.0.0.1")
    script.end(script.begin(verb, "a"), "unknown")
    without = there()
    without.history["10.0.0.1"] = ["a"]
    assert script.found(there(a="10.0.0.1")) == script.found(without) == []


def test_an_add_of_unknown_outcome_may_come_true_after_the_del(script: Script) -> None:
    script.end(script.begin("ADD", "a"), "unknown")
    script.delete("a")
    assert script.found(there(a="10.0.0.1")) == []


def test_a_row_without_a_request_is_found(script: Script) -> None:
    assert script.found(there(a="10.0.0.1")) == ["never asked for"]


def test_a_refused_add_that_left_a_row_is_found(script: Script) -> None:
    script.end(script.begin("ADD", "a"), "failed", code=7)
    assert script.found(there(a="10.0.0.1")) == ["released and back"]


def test_a_reservation_without_a_sandbox_is_found(script: Script) -> None:
    script.end(script.begin("ADD", "a"), "unknown")
    state = there(a="10.0.0.1")
    state.attached.clear()
    assert script.found(state) == ["reserved for nobody"]


def test_full_is_believed_only_if_it_can_have_been_full(script: Script) -> None:
    script.add("a", "10.0.0.1")
    script.end(script.begin("ADD", "b"), "failed", code=EXHAUSTED)
    assert script.found(room=1) == []
    assert script.found(room=2) == ["exhausted though free"]


def test_full_is_believed_while_another_add_is_under_way(script: Script) -> None:
    mine = script.begin("ADD", "b")
    other = script.begin("ADD", "a")
    script.end(other, "ok", "10.0.0.1")
    script.delete("a")
    script.end(mine, "failed", code=EXHAUSTED)
    assert script.found(room=1) == []


def test_what_was_released_before_the_call_does_not_count_as_full(script: Script) -> None:
    script.add("a", "10.0.0.1")
    script.delete("a")
    script.end(script.begin("ADD", "b"), "failed", code=EXHAUSTED)
    assert script.found(room=1) == ["exhausted though free"]


def test_whose_del_never_came_holds_nothing_for_certain(script: Script) -> None:
    script.add("a", "10.0.0.1")
    script.begin("LOST", "a")
    script.add("b", "10.0.0.1")
    state = there(b="10.0.0.1")
    state.history["10.0.0.1"].insert(0, "a")
    assert script.found(state) == []


@pytest.mark.parametrize(
    ("free", "missing"),
    [
        ([("10.0.0.0", "10.0.0.1")], "a gap"),
        ([("10.0.0.0", "10.0.0.2"), ("10.0.0.2", "10.0.0.3")], "an address twice"),
        ([("10.0.0.0", "10.0.0.4")], "one too many"),
    ],
)
def test_space_that_does_not_tile_the_pool_is_found(
    script: Script, free: list[tuple[str, str]], missing: str
) -> None:
    state = FinalState(free=[(1, first, last) for first, last in free], pools=[POOL])
    assert script.found(state) == ["space does not add up"], missing


def test_what_the_database_itself_reports_is_passed_on(script: Script) -> None:
    state = there()
    state.reported.append(("free ranges overlap", "10.0.0.1"))
    assert script.found(state) == ["space does not add up"]


def test_a_journal_reads_as_it_was_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        begun = journal.begin("ADD", "p", "ns/a", "c1")
        journal.end(begun, "ok", ("10.0.0.1", "fd00::1"))
        journal.end(journal.begin("DEL", "p", "ns/a", "c1"), "failed", (), 7)
    with journal.path.open("a") as file:
        file.write("12\t3\tbeg")  # a writer that was killed
    with journal.path.open() as lines:
        events = list(read(lines))
    assert [event.phase for event in events] == ["begin", "ok", "begin", "failed"]
    assert events[0] == begun
    assert events[1].addresses == ("10.0.0.1", "fd00::1")
    assert events[3].code == 7
    assert sorted(events, key=lambda event: event.at) == events


def _round_robin(calls: int) -> Iterator[Event]:
    """Pods that come and go in turn, 64 at a time: two calls each."""
    script = Script()
    for number in range(calls // 2):
        script.events.clear()
        if number >= 64:
            script.delete(f"p{number - 64}")
        script.add(f"p{number}", f"10.0.0.{number % 64}")
        yield from script.events


def _seconds(calls: int) -> float:
    checker = Checker({"p": 64})
    began = time.process_time()
    checker.read(_round_robin(calls))
    verdict: Verdict = checker.verdict
    assert not verdict.found
    return time.process_time() - began


def test_it_takes_time_in_proportion_to_the_calls() -> None:
    """Quadratic would be a factor of 100; the best of three, since others use the machine."""
    assert min(_seconds(20_000) for _ in range(3)) < 40 * min(_seconds(2_000) for _ in range(3))
