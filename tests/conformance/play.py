"""Playing a case: what it finds, the calls before it, the call, and what must be left."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.case import Taken
from conformance.judge import judge
from fixtures.calls import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from conformance.case import Case, Expectation
    from fixtures.calls import Answer, Caller
    from fixtures.wiping import SharedDatabase

FAST = 5.0
"""Seconds within which a call must end if no server is there; a runtime waits for minutes."""


@dataclass(frozen=True)
class Stage:
    """Where a case plays; `caller` makes a way to call from ("plugin" or "http", a server)."""

    database: SharedDatabase
    caller: Callable[[str, str], Caller]
    folder: Path

    def play(
        self,
        case: Case,
        expect: Expectation,
        *,
        through: str,
        mode: str,
        phrases: Sequence[str] = (),
    ) -> Answer:
        """Set the case up, make its calls, judge the last answer and what is reserved."""
        caller = self.caller(through, mode)
        self.set_up(case, caller, self.caller("http", mode))
        servers = {"server_down": "down", "database_down": "no database"}
        if case.fixture in servers:
            caller = self.caller(through, servers[case.fixture])
        reserved = self.database.reserved()
        began = time.monotonic()
        answer = caller.run(case.call)
        if case.fixture in servers:
            assert time.monotonic() - began < FAST
        judge(expect, answer, phrases=phrases)
        self._judge_rows(case, expect, answer, reserved)
        return answer

    def set_up(self, case: Case, caller: Caller, others: Caller) -> None:
        """What the case finds: pools, addresses that `others` took, and the calls before it."""
        for pool in case.pools:
            self._make_pool(**pool)
        for taken in self._taken(case):
            judge({}, others.run(_claim(case.config, taken)))
        for step in case.before:
            judge(step.expect, caller.run(step.call))

    def _make_pool(self, cidr: str, network: str = "", **columns: str) -> None:
        self.database.rows("SELECT ensure_pool(%s, %s, false)", (network, cidr))
        for column, value in columns.items():
            self.database.rows(
                f"UPDATE pools SET {column} = %s WHERE network_name = %s AND cidr = %s",
                (value, network, cidr),
            )

    def _taken(self, case: Case) -> Sequence[Taken]:
        if case.fixture != "second range full":
            return case.taken
        return [
            Taken(address=address, podref=f"default/{pod}", container_id=pod)
            for pod, address in (("one", "abcd::1"), ("two", "abcd::2"))
        ]

    def _judge_rows(
        self, case: Case, expect: Expectation, answer: Answer, before: list[str]
    ) -> None:
        reserved = self.database.reserved()
        if answer.exit_status != 0 and case.call.env.get("CNI_COMMAND") != "GC":
            assert reserved == before, "a call that fails leaves everything as it was"
        if "reserved" in expect:
            assert reserved == expect["reserved"]
        if "spooled" in expect:
            assert len(list((self.folder / "spool").glob("*"))) == expect["spooled"]


def _claim(config: dict[str, Any], taken: Taken) -> Call:
    """An ADD of another pod that gets exactly this address of the first range of its family."""
    ipam = config["ipam"]
    ranges = [ipam, *ipam.get("ipRanges", [])]
    texts = [entry["range"] for entry in ranges if "range" in entry]
    same_family = [text for text in texts if (":" in text) == (":" in taken.address)]
    kept = ("type", "network_name", "enable_overlapping_ranges")
    claim = {
        **{key: ipam[key] for key in kept if key in ipam},
        "range": same_family[0].rpartition("-")[2],
        "range_start": taken.address,
        "range_end": taken.address,
    }
    namespace, _, pod = taken.podref.partition("/")
    return Call(
        env={
            "CNI_COMMAND": "ADD",
            "CNI_CONTAINERID": taken.container_id,
            "CNI_NETNS": "/other",
            "CNI_IFNAME": taken.interface,
            "CNI_PATH": "/opt/cni/bin",
            "CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAMESPACE={namespace};K8S_POD_NAME={pod}",
        },
        stdin=json.dumps({**config, "cniVersion": "1.0.0", "ipam": claim}).encode(),
    )


def asked_for_strict(case: Case) -> Case:
    """The case with `"compat": "strict"` in its own configuration."""
    config = case.config
    config["ipam"] = {**config["ipam"], "compat": "strict"}
    return replace(case, call=replace(case.call, stdin=json.dumps(config).encode()))
