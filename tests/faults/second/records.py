"""What the clients of the second checker wrote down: one record for each call, in the order of the answers."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Place = tuple[str, str]
"""Name of a network, and address."""


@dataclass(slots=True, kw_only=True)
class Record:
    """One call. `outcome` is "ok", "refused" (it certainly changed nothing) or "unknown".

    `pools` are the CIDRs it concerns, `keys` the address spaces in which its addresses are unique.
    """

    number: int
    kind: str
    begin: float
    end: float = 0.0
    outcome: str = "unknown"
    status: int = 0
    code: int = 0
    message: str = ""
    network: str = ""
    nad: str = ""
    keys: tuple[str, ...] = ()
    owner: str = ""
    node: str = ""
    uid: str = ""
    container: str = ""
    addresses: tuple[str, ...] = ()
    is_forced: bool = False
    details: dict[str, Any] = field(default_factory=dict)


class Records:
    """All calls of all clients. `wipes` are those by which an operator may take an address from its owner."""

    def __init__(self) -> None:
        self.calls: list[Record] = []
        self.jumps: list[tuple[float, float, str, int]] = []
        self.wipes: defaultdict[Place, list[Record]] = defaultdict(list)
        self.found: list[tuple[str, str]] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def begin(self, kind: str, **facts: Any) -> Record:
        """A call that is about to be sent."""
        return Record(number=next(self._numbers), kind=kind, begin=time.monotonic(), **facts)

    def end(self, call: Record) -> None:
        """It was answered, or will not be."""
        call.end = time.monotonic()
        with self._lock:
            self.calls.append(call)
            if call.kind in {"release", "reassign"} and call.outcome != "refused":
                for address in call.addresses:
                    self.wipes[call.network, address].append(call)

    def note(self, kind: str, detail: str) -> None:
        """A contradiction that a client saw by itself."""
        with self._lock:
            self.found.append((kind, detail))

    def is_wiped(self, network: str, address: str, since: float) -> bool:
        """Whether an operator may have taken the address away since a moment."""
        with self._lock:
            return any(wipe.end >= since for wipe in self.wipes.get((network, address), ()))

    def given(self) -> defaultdict[str, set[Place]]:
        """What each sandbox was ever given."""
        given: defaultdict[str, set[Place]] = defaultdict(set)
        for call in self.calls:
            if call.kind == "ADD" and call.outcome == "ok":
                given[call.container] |= {(call.network, address) for address in call.addresses}
        return given

    def counts(self) -> Counter[str]:
        """How many calls of each kind ended in which way."""
        return Counter(f"{call.kind} {call.outcome}" for call in list(self.calls))

    def save(self, path: Path) -> None:
        """One line of JSON for each call."""
        with path.open("w", encoding="utf-8") as file:
            for call in self.calls:
                line = {name: getattr(call, name) for name in Record.__slots__}
                file.write(json.dumps(line) + "\n")
