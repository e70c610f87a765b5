"""Whether what clients were told can be true: no address with two owners, nothing acknowledged lost.

An address belongs to its owner **for certain** from the moment the answer to an ADD has been read until the
DEL of that sandbox is sent. Before and after it may belong to them. So two calls of different owners that hold
one address for certain at the same time are a contradiction, whatever the server did in between.
Ownership is like a lock: each address is judged by itself, in one pass over the journal, and no search over
possible orders is needed. Time and memory are linear in the number of calls.

What is checked:

- no address is held for certain by two owners at once;
- a sandbox that asks again gets the same addresses, and so does another sandbox of the same pod;
- "exhausted" is only said if at some moment of the call every address may have been in use;
- at the end, acknowledged ⊆ database ⊆ attempted: what is held for certain is there, with its owner, and
  what is there was asked for and not certainly given back;
- the history has every acknowledged owner of every address, in the order in which they were acknowledged;
- free space and reservations make up the pools, exactly.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from faults.journal import EXHAUSTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from faults.final_state import FinalState
    from faults.journal import Event

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A contradiction: its kind, and what contradicts what."""

    kind: str
    detail: str


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What a journal shows: how many calls ended in which way, and every contradiction."""

    calls: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    def add(self, kind: str, detail: str) -> None:
        """One more contradiction; all are counted, the first ones are kept."""
        self.found[kind] += 1
        if len(self.violations) < MOST_SHOWN:
            self.violations.append(Violation(kind=kind, detail=detail))

    def __str__(self) -> str:
        ends = ", ".join(f"{number:,} {phase}" for phase, number in sorted(self.ends.items()))
        lines = [f"{self.calls:,} calls ({ends}); {sum(self.found.values())} contradictions"]
        lines += [f"  {one.kind}: {one.detail}" for one in self.violations]
        return "\n".join(lines)


@dataclass(slots=True, kw_only=True)
class _Sandbox:
    """What is known of a sandbox. `doubtful`: an ADD whose outcome is unknown may still take effect."""

    owner: str
    pool: str
    adds_open: int = 0
    dels_open: int = 0
    del_sent: bool = False
    doubtful: bool = False
    lost: bool = False
    held: tuple[str, ...] = ()
    held_since: int = 0


class Checker:
    """Reads events one by one; `finish` compares with what is in the database at the end.

    Args:
        capacity: how many owners each pool has room for; pools that are not named may be exhausted at
            any time (their ranges overlap with others').
    """

    def __init__(self, capacity: Mapping[str, int] | None = None) -> None:
        self.verdict = Verdict()
        self._capacity = dict(capacity or {})
        self._sandboxes: dict[str, _Sandbox] = {}
        self._gone: set[str] = set()
        self._line = 0
        self._begun: dict[int, int] = {}
        # address → the sandboxes that hold it for certain, all of one owner unless it is a contradiction
        self._holders: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._of_owner: defaultdict[str, set[str]] = defaultdict(set)
        # owners, in the order in which they were told that the address is theirs
        self._told: defaultdict[str, list[str]] = defaultdict(list)
        # pool → owner → their sandboxes that may hold an address of it
        self._possible: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )
        # ADD under way → the most owners that may have held an address of its pool since it began
        self._peak: dict[int, int] = {}
        self._adding: defaultdict[str, set[int]] = defaultdict(set)

    def read(self, events: Iterable[Event]) -> None:
        """Takes in events, in their order."""
        for event in events:
            self._line += 1
            if event.phase == "begin":
                self._begin(event)
            else:
                self._end(event)

    def _begin(self, event: Event) -> None:
        sandbox = self._sandboxes.get(event.container)
        if sandbox is None:
            sandbox = _Sandbox(owner=event.owner, pool=event.pool)
            self._sandboxes[event.container] = sandbox
            self._gone.discard(event.container)
        if event.verb == "LOST":
            sandbox.lost = True
            self._let_go(event.container, sandbox)
            return
        self.verdict.calls += 1
        self._begun[event.call] = self._line
        if event.verb == "ADD":
            sandbox.adds_open += 1
            possible = self._possible[event.pool]
            possible[event.owner].add(event.container)
            for call in self._adding[event.pool]:
                self._peak[call] = max(self._peak[call], len(possible))
            self._adding[event.pool].add(event.call)
            self._peak[event.call] = len(possible)
        else:
            sandbox.dels_open += 1
            sandbox.del_sent = True
            self._let_go(event.container, sandbox)

    def _end(self, event: Event) -> None:
        began = self._begun.pop(event.call)
        sandbox = self._sandboxes[event.container]
        self.verdict.ends[event.phase] += 1
        if event.verb == "ADD":
            sandbox.adds_open -= 1
            if event.phase == "ok":
                self._added(event, sandbox, began)
            elif event.phase == "unknown":
                sandbox.doubtful = True
            self._adding[event.pool].discard(event.call)
            peak = self._peak.pop(event.call)
            if event.code == EXHAUSTED and event.phase == "failed":
                self._exhausted(event, peak)
            over = event.phase == "failed" and not (sandbox.held or sandbox.lost)
        else:
            sandbox.dels_open -= 1
            over = event.phase == "ok"
        if over and not (sandbox.adds_open or sandbox.dels_open or sandbox.doubtful):
            self._forget(event.container, sandbox)

    def _forget(self, container: str, sandbox: _Sandbox) -> None:
        """It holds nothing, and nothing is under way that could change that."""
        del self._sandboxes[container]
        self._gone.add(container)
        possible = self._possible[sandbox.pool]
        possible[sandbox.owner].discard(container)
        if not possible[sandbox.owner]:
            del possible[sandbox.owner]

    def _added(self, event: Event, sandbox: _Sandbox, began: int) -> None:
        if not event.addresses:
            self.verdict.add("no address", f"{event.owner} was told of success without an address")
        if sandbox.held and sandbox.held != event.addresses:
            self.verdict.add(
                "moved",
                f"sandbox {event.container} holds {sandbox.held} and was then told {event.addresses}",
            )
        if sandbox.del_sent or sandbox.lost:
            sandbox.doubtful = True  # it met its own DEL: the order is unknown
            return
        self._same_as_before(event, began)
        for address in event.addresses:
            self._told_of(address, event)
        if not sandbox.held:
            sandbox.held_since = self._line
        sandbox.held = event.addresses
        self._of_owner[event.owner].add(event.container)

    def _same_as_before(self, event: Event, began: int) -> None:
        """A pod has one address, whichever of its sandboxes asks."""
        for other in self._of_owner[event.owner]:
            known = self._sandboxes[other]
            if other == event.container or known.held_since >= began:
                continue
            if known.held != event.addresses:
                self.verdict.add(
                    "moved", f"{event.owner} holds {known.held} and was then told {event.addresses}"
                )
            return

    def _told_of(self, address: str, event: Event) -> None:
        """From now on the address is the owner's for certain."""
        holders = self._holders[address]
        for container, owner in holders.items():
            if owner != event.owner:
                self.verdict.add(
                    "two owners",
                    f"{address} was given to {event.owner} ({event.container}) while {owner}"
                    f" ({container}) holds it",
                )
        holders[event.container] = event.owner
        told = self._told[address]
        if not told or told[-1] != event.owner:
            told.append(event.owner)

    def _let_go(self, container: str, sandbox: _Sandbox) -> None:
        for address in sandbox.held:
            self._holders[address].pop(container, None)
        sandbox.held = ()
        containers = self._of_owner.get(sandbox.owner)
        if containers is not None:
            containers.discard(container)
            if not containers:
                del self._of_owner[sandbox.owner]

    def _exhausted(self, event: Event, peak: int) -> None:
        room = self._capacity.get(event.pool)
        # The caller itself is among those that were counted.
        if room is not None and peak - 1 < room:
            self.verdict.add(
                "exhausted though free",
                f"{event.owner} was told that pool {event.pool} is full, but of its {room} addresses"
                f" at most {peak - 1} can have been in use",
            )

    def finish(self, state: FinalState) -> Verdict:
        """Compares with the database, read after everything has come to rest."""
        self._acknowledged_is_there(state)
        self._what_is_there_was_attempted(state)
        self._history_agrees(state)
        for problem in state.problems():
            self.verdict.add("space does not add up", problem)
        return self.verdict

    def _acknowledged_is_there(self, state: FinalState) -> None:
        for container, sandbox in self._sandboxes.items():
            for address in sandbox.held:
                owner = state.owner_of.get(address)
                if owner != sandbox.owner:
                    self.verdict.add(
                        "acknowledged and lost",
                        f"{address} of {sandbox.owner} ({container}) is {owner or 'nobody'}'s",
                    )
                elif address not in state.attached.get(container, ()):
                    self.verdict.add(
                        "acknowledged and lost",
                        f"sandbox {container} of {sandbox.owner} is not attached to {address}",
                    )

    def _what_is_there_was_attempted(self, state: FinalState) -> None:
        for container, addresses in state.attached.items():
            sandbox = self._sandboxes.get(container)
            if container in self._gone:
                self.verdict.add("released and back", f"{container} is attached to {addresses}")
            elif sandbox is None:
                self.verdict.add("never asked for", f"{container} is attached to {addresses}")
        attached = {address for addresses in state.attached.values() for address in addresses}
        for address in state.owner_of.keys() - attached:
            self.verdict.add(
                "reserved for nobody", f"{address} of {state.owner_of[address]} has no sandbox"
            )

    def _history_agrees(self, state: FinalState) -> None:
        for address, told in self._told.items():
            recorded = deque(state.history.get(address, ()))
            for owner in told:
                while recorded and recorded[0] != owner:
                    recorded.popleft()
                if not recorded:
                    self.verdict.add(
                        "history disagrees",
                        f"{owner} was told that {address} is theirs; the history does not have it"
                        " after the owner before",
                    )
                    break
