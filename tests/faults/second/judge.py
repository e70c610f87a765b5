"""Whether what the clients of the second checker were told can be true, by their records alone.

A hold is a time during which an address certainly was an owner's: from the answer that gave it until the first call is
sent that may end it. All rules speak about holds and about what is certain during the whole of a call.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from faults.second import nads
from faults.second.facts import Facts, is_within, window_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from faults.second.nads import Nad
    from faults.second.records import Place, Record, Records

EXHAUSTED: Final = 100
TRY_AGAIN: Final = 11
SLICE: Final = 28


@dataclass(slots=True, kw_only=True)
class Hold:
    """`may_last` is when it would have ended without the operator's call `cut_by`."""

    network: str
    address: str
    owner: str
    keys: tuple[str, ...]
    cidrs: tuple[str, ...]
    call: Record
    start: float
    end: float
    may_last: float
    cut_by: Record | None
    is_sandbox: bool
    delay: float

    def covers(self, call: Record) -> bool:
        """Whether it began before the call and ended after it."""
        return self.start <= call.begin and self.end >= call.end


class Judge:
    """All rules. `found` has the contradictions, `left` what must be reserved in the end."""

    def __init__(self, records: Records, configurations: Iterable[Nad]) -> None:
        self.found: list[tuple[str, str]] = []
        self._records = records
        self._calls = sorted(records.calls, key=lambda call: call.begin)
        self._nads = {nad.name: nad for nad in configurations}
        self._dels: defaultdict[str, list[float]] = defaultdict(list)
        self._adds: defaultdict[tuple[str, str, str], list[Record]] = defaultdict(list)
        for call in self._calls:
            if call.kind == "DEL":
                self._dels[call.container].append(call.begin)
            elif call.kind == "ADD" and call.outcome != "refused" and call.uid:
                self._adds[call.owner, call.node, call.uid].append(call)
        self.holds = [hold for call in self._calls for hold in self._holds_of(call)]
        self._by_place: defaultdict[Place, list[Hold]] = defaultdict(list)
        self._by_owner: defaultdict[str, list[Hold]] = defaultdict(list)
        for hold in self.holds:
            self._by_place[hold.network, hold.address].append(hold)
            self._by_owner[hold.owner].append(hold)
        self._facts = Facts(self._calls, self._nads.values())

    def judge(self) -> None:
        """Apply every rule."""
        self._one_owner_at_a_time()
        self._what_is_held_is_given_again()
        self._what_is_newly_given()
        self._nothing_runs_on_without_force()
        self._slices()
        for call in self._calls:
            if call.kind == "ADD" and call.code == EXHAUSTED and self._nads[call.nad].is_roomy:
                self._add("exhausted though there was room", call, call.message)

    def left(self) -> dict[Place, str]:
        """What must still be reserved: the owner of each place."""
        return {
            (hold.network, hold.address): hold.owner for hold in self.holds if hold.end == math.inf
        }

    def _add(self, kind: str, call: Record, detail: str) -> None:
        said = (
            f"{detail} [call {call.number}: {call.kind} {call.network} {call.nad} {call.owner}"
            f" {call.container} {call.addresses} {call.begin:.4f}-{call.end:.4f}]"
        )
        self.found.append((kind, said))

    def _holds_of(self, call: Record) -> Iterator[Hold]:
        if call.outcome != "ok":
            return
        if call.kind == "ADD":
            ends = [begin for begin in self._dels[call.container] if begin >= call.end][:1]
            ends += [
                other.begin
                for other in self._adds.get((call.owner, call.node, call.uid), ())
                if other.container != call.container and other.begin >= call.end
            ][:1]
            nad = self._nads[call.nad]
            for address in call.addresses:
                yield from self._cut(call, address, min(ends, default=math.inf), nad=nad)
                if nad.is_sticky and not nad.ttl and call.owner.startswith("pod default/sticky-"):
                    yield from self._cut(call, address, math.inf, nad=nad, is_sandbox=False)
        elif call.kind in {"reserve", "reassign"} and not call.details["ttl"]:
            for address in call.addresses:
                yield from self._cut(call, address, math.inf)

    def _cut(
        self,
        call: Record,
        address: str,
        may_last: float,
        *,
        nad: Nad | None = None,
        is_sandbox: bool = True,
    ) -> Iterator[Hold]:
        """The hold that a call began, unless an operator's call at the same time makes that uncertain."""
        end, cut_by = may_last, None
        for wipe in sorted(
            self._records.wipes.get((call.network, address), ()), key=lambda wipe: wipe.begin
        ):
            if wipe is call or wipe.end <= call.begin:
                continue
            if wipe.begin < call.end:
                return
            if wipe.begin < end:
                end, cut_by = wipe.begin, wipe
            break
        own = tuple(key.partition("|")[2] for key in call.keys if not key.endswith(nads.SHARED))
        # (An operator's policy knows no reuse delay but the pool's.)
        is_of_pods = nad is not None and call.owner.startswith(f"pod default/{nad.name}-")
        delay = nad.delay if nad and is_of_pods else 0.0
        if call.network == nads.RESTING.network:
            delay = nads.RESTING.delay
        yield Hold(
            network=call.network, address=address, owner=call.owner, keys=call.keys, cidrs=own, call=call,
            start=call.end, end=end, may_last=may_last, cut_by=cut_by, is_sandbox=nad is not None and is_sandbox,
            delay=delay,
        )  # fmt: skip

    def _one_owner_at_a_time(self) -> None:
        spaces: defaultdict[tuple[str, str], list[Hold]] = defaultdict(list)
        said: set[tuple[int, int]] = set()
        for hold in self.holds:
            for key in hold.keys:
                spaces[key, hold.address].append(hold)
        for (key, address), holds in spaces.items():
            holds.sort(key=lambda hold: hold.start)
            running: dict[str, Hold] = {}
            for hold in holds:
                for owner, other in list(running.items()):
                    if other.end <= hold.start:
                        del running[owner]
                    elif (
                        owner != hold.owner
                        and hold.end > hold.start
                        and (other.call.number, hold.call.number) not in said
                    ):
                        said.add((other.call.number, hold.call.number))
                        self._add(
                            "two owners",
                            hold.call,
                            f"{address} in {key}: {owner} (call {other.call.number}) and {hold.owner}",
                        )
                before = running.get(hold.owner)
                if before is None or before.end < hold.end:
                    running[hold.owner] = hold

    def _what_is_held_is_given_again(self) -> None:
        for call in self._calls:
            if call.kind in {"release", "reassign"} and call.status == 404:
                for hold in self._by_place[call.network, call.addresses[0]]:
                    if hold.owner == call.details["from"] and hold.covers(call):
                        self._add("reserved by hand and lost", call, hold.address)
            if call.kind == "CHECK" and call.outcome == "refused":
                self._checked(call)
            if call.kind == "ADD" and call.outcome != "unknown":
                self._given_again(call)

    def _checked(self, call: Record) -> None:
        holds = {
            hold.address
            for hold in self._by_owner[call.owner]
            if hold.is_sandbox and hold.call.container == call.container and hold.covers(call)
        }
        if holds >= set(call.addresses):
            self._add("CHECK of a running sandbox failed", call, call.message)

    def _given_again(self, call: Record) -> None:
        nad = self._nads[call.nad]
        held = {
            hold.address
            for hold in self._by_owner[call.owner]
            if hold.network == call.network
            and (set(hold.cidrs) & set(nad.cidrs) or nad is nads.GROWN)
            and hold.covers(call)
        }
        if "wish" in call.details:
            held &= {call.details["wish"]}
        for version in (4, 6):
            known = {address for address in held if ip_address(address).version == version}
            if len(known) == 1 and not known & set(call.addresses):
                self._add("what was held is not given again", call, f"{known} {call.message}")

    def _what_is_newly_given(self) -> None:
        had: set[tuple[str, str, str]] = set()
        for call in self._calls:
            if call.outcome == "refused" or call.kind not in {"ADD", "reserve", "reassign"}:
                continue
            for address in call.addresses:
                if (call.network, call.owner, address) not in had and call.outcome == "ok":
                    self._newly(call, address)
            had.update((call.network, call.owner, address) for address in call.addresses)

    def _newly(self, call: Record, address: str) -> None:
        if call.kind == "reassign":
            return
        nad = self._nads.get(call.nad)
        asked = call.details.get("wish") or call.details.get("asked")
        if nad and not nad.may_give(address):
            self._add("outside of what its configuration spells", call, address)
        if call.details.get("wish") not in {None, address}:
            self._add("another address than the requested one", call, address)
        self._kept_out(call, address, nad, asked)
        self._quarantined(call, address)

    def _kept_out(self, call: Record, address: str, nad: Nad | None, asked: object) -> None:
        by_force = call.is_forced and asked
        for gateway in self._facts.gateways[call.network, address]:
            if gateway.covers(call) and not by_force:
                self._add("a gateway was given", call, address)
        for exclusion in self._facts.exclusions[call.network, address]:
            if exclusion.covers(call) and set(exclusion.value) & set(call.keys):
                self._add("an excluded address was given", call, address)
        pool = nad.cidrs[0] if nad else call.details["pool"]
        for window in self._facts.windows[call.network, pool]:
            if window.covers(call) and (nad or not asked) and not is_within(address, window.value):
                self._add("outside of the window of its pool", call, f"{address} {window.value}")

    def _quarantined(self, call: Record, address: str) -> None:
        for hold in self._by_place[call.network, address]:
            if (
                hold.owner != call.owner
                and hold.end <= call.end < hold.end + hold.delay
                and set(hold.keys) & set(call.keys)
                and not self._jumped(hold.end, call.end)
            ):
                detail = f"{address} of {hold.owner} (call {hold.call.number}) until {hold.end:.4f}"
                self._add("a quarantined address was given", call, detail)

    def _jumped(self, since: float, until: float) -> bool:
        return any(
            begin <= until and end >= since and of == "database"
            for begin, end, of, _ in self._records.jumps
        )

    def _nothing_runs_on_without_force(self) -> None:
        kind = "a running sandbox was left behind without force"
        sandboxes = [hold for hold in self.holds if hold.is_sandbox]
        for hold in sandboxes:
            cut = hold.cut_by
            if (
                cut
                and not cut.is_forced
                and cut.outcome == "ok"
                and hold.may_last >= cut.end
                and set(hold.keys) & set(cut.keys)
            ):
                self._add(kind, cut, f"{hold.owner} {hold.call.container}")
        by_network: defaultdict[str, list[Hold]] = defaultdict(list)
        for hold in sandboxes:
            by_network[hold.network].append(hold)
        for call in self._calls:
            if call.is_forced or call.outcome != "ok":
                continue
            if call.kind not in {"exclude", "gateway", "window", "delete pool"}:
                continue
            for hold in by_network[call.network]:
                if hold.covers(call) and self._touches(call, hold):
                    self._add(kind, call, f"{hold.owner} {hold.address} {call.details}")

    def _touches(self, call: Record, hold: Hold) -> bool:
        if call.kind == "exclude":
            return hold.address in call.addresses and bool(set(hold.keys) & set(call.keys))
        if call.kind == "gateway":
            return bool(hold.address == call.details["gateway"])
        if call.kind == "delete pool":
            return True
        pool = call.details["pool"]
        before = [one for one in self._facts.windows[call.network, pool] if one.end == call.begin]
        return (
            hold.cidrs == (pool,)
            and bool(before)
            and is_within(hold.address, before[0].value)
            and not is_within(hold.address, window_of(call))
        )

    def _slices(self) -> None:
        """There are more slices than nodes, so a slice never goes to another node."""
        node_of: dict[str, str] = {}
        had: set[tuple[str, str]] = set()
        for call in self._calls:
            if call.nad != nads.SLICED.name or call.kind != "ADD" or call.outcome != "ok":
                continue
            for address in call.addresses:
                name = call.owner.partition("/")[2]
                if (call.owner, address) not in had and name.startswith(nads.SLICED.name):
                    block = str(ip_network(f"{address}/{SLICE}", strict=False))
                    if node_of.setdefault(block, call.node) != call.node:
                        self._add("a slice of two nodes", call, f"{block} is {node_of[block]}'s")
                had.add((call.owner, address))
