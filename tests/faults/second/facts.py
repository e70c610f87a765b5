"""What was certainly known to the service at a moment, by the records: gateways, exclusions, windows."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from faults.second import nads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from faults.second.nads import Nad
    from faults.second.records import Place, Record


@dataclass(slots=True, kw_only=True)
class Fact:
    """Something that certainly was so from `start` to `end`."""

    start: float
    end: float
    value: tuple[str, ...] = ()

    def covers(self, call: Record) -> bool:
        """Whether it was so during the whole call."""
        return self.start <= call.begin and self.end >= call.end


class Facts:
    """Facts by their place: an address of a network, or a pool of it for `windows`."""

    def __init__(self, calls: Sequence[Record], configurations: Collection[Nad]) -> None:
        self._calls = calls
        self._nads = configurations
        self.gateways = self._known_gateways()
        self.exclusions = self._known_exclusions()
        self.windows = self._known_windows()

    def _known_gateways(self) -> defaultdict[Place, list[Fact]]:
        known: defaultdict[Place, list[Fact]] = defaultdict(list)
        for pool, calls in self._changes("gateway").items():
            first = calls[0].begin if calls else math.inf
            if pool == ("named", nads.NAMED.cidrs[0]):
                known["named", "10.17.0.5"].append(Fact(start=0, end=first))
            for call, until in _followed(calls):
                if call.outcome == "ok" and call.details["gateway"]:
                    known[pool[0], call.details["gateway"]].append(Fact(start=call.end, end=until))
        for nad in self._nads:
            if nad.gateway:
                forgotten = [call for call in self._calls if call.kind == "forget"]
                forgotten = [call for call in forgotten if call.addresses == (nad.gateway,)]
                known[nad.network, nad.gateway] += self._learned(nad, forgotten)
        return known

    def _learned(self, nad: Nad, forgotten: list[Record]) -> Iterator[Fact]:
        """Known from the answer to the first ADD that begins behind a DELETE, until the next DELETE."""
        adds = [call for call in self._calls if call.nad == nad.name and call.kind == "ADD"]
        adds = [call for call in adds if call.outcome == "ok"]
        since = 0.0
        for until, ended in [
            *((call.begin, call.end) for call in forgotten if call.outcome != "refused"),
            (math.inf, math.inf),
        ]:
            learned = min((call.end for call in adds if call.begin >= since), default=math.inf)
            if learned < until:
                yield Fact(start=learned, end=until)
            since = max(since, ended)

    def _known_exclusions(self) -> defaultdict[Place, list[Fact]]:
        lifted = {
            call.details["exclusion"]: call.begin
            for call in self._calls
            if call.kind == "include" and call.outcome != "refused"
        }
        known: defaultdict[Place, list[Fact]] = defaultdict(list)
        for call in self._calls:
            if call.kind == "exclude" and call.outcome == "ok":
                fact = Fact(start=call.end, end=lifted.get(call.number, math.inf), value=call.keys)
                for address in call.addresses:
                    known[call.network, address].append(fact)
        return known

    def _known_windows(self) -> defaultdict[Place, list[Fact]]:
        known: defaultdict[Place, list[Fact]] = defaultdict(list)
        for pool, calls in self._changes("window").items():
            initial = ("10.17.0.2", "10.17.0.25") if pool[0] == "named" else ()
            first = calls[0].begin if calls else math.inf
            known[pool].append(Fact(start=0, end=first, value=initial))
            for call, until in _followed(calls):
                if call.outcome == "ok":
                    known[pool].append(Fact(start=call.end, end=until, value=window_of(call)))
        return known

    def _changes(self, kind: str) -> dict[tuple[str, str], list[Record]]:
        """Those of each pool that may have changed it; one operator made them, one after the other."""
        changes: dict[tuple[str, str], list[Record]] = {("named", nads.NAMED.cidrs[0]): []}
        for call in self._calls:
            if call.kind == kind and call.outcome != "refused":
                changes.setdefault((call.network, call.details["pool"]), []).append(call)
        return changes


def _followed(calls: list[Record]) -> Iterator[tuple[Record, float]]:
    """Each call, and when the next one begins."""
    begins = [*(call.begin for call in calls[1:]), math.inf]
    yield from zip(calls, begins, strict=True) if calls else ()


def window_of(call: Record) -> tuple[str, ...]:
    """The window that a call sets; empty for none."""
    ends = (call.details["window_first"], call.details["window_last"])
    return ends if None not in ends else ()


def is_within(address: str, window: tuple[str, ...]) -> bool:
    """Whether an address is in a window; an empty one has all."""
    return not window or ip_address(window[0]) <= ip_address(address) <= ip_address(window[1])  # type: ignore[operator]
