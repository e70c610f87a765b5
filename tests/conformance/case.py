"""The cases: `cases.json` was recorded from the upstream binary, `reported_cases.json` comes from public
reports and real configurations, `more_cases.json` is ours.

`more_cases.json` is the shorter to write: a case's `config`, its `ipam` and its `env` are laid over
`usual`, and `null` takes a key away.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fixtures.calls import Call

HERE = Path(__file__).parent
DEFAULT, STRICT = "default", "strict"
Expectation = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A call that comes before; `expect` is what must come of it."""

    call: Call
    expect: Expectation = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """An address of the first range that another owner already holds."""

    address: str
    podref: str = "default/other"
    interface: str = "net1"
    container_id: str = "ctr-other"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case; `expect` has an entry for each mode in which it runs."""

    id: str
    call: Call
    expect: dict[str, Expectation]
    note: str = ""
    kind: str = "must"
    before: tuple[Step, ...] = ()
    taken: tuple[Taken, ...] = ()
    fixture: str = ""
    stdout: bytes | None = None
    pools: tuple[dict[str, str], ...] = ()
    only: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """The network configuration as an object."""
        config: dict[str, Any] = json.loads(self.call.stdin)
        return config

    def at(self, folder: Path) -> Case:
        """The case with `@TMP@` made a real folder."""
        stdin = self.call.stdin.replace(b"@TMP@", str(folder).encode())
        steps = (
            replace(
                step,
                call=replace(
                    step.call, stdin=step.call.stdin.replace(b"@TMP@", str(folder).encode())
                ),
            )
            for step in self.before
        )
        return replace(self, call=replace(self.call, stdin=stdin), before=tuple(steps))


def go_json(document: Any) -> bytes:
    """JSON as upstream prints a result: four spaces, keys as they come, no newline at the end."""
    return json.dumps(document, indent=4, ensure_ascii=False).encode()


def recorded() -> list[Case]:
    """The cases recorded from upstream, as they are; `differences.py` says where ours differ."""
    return [_recorded(entry) for entry in json.loads((HERE / "cases.json").read_text())]


def reported() -> list[Case]:
    """The cases made from public reports; `reported_differences.py` says where ours differ."""
    return [_recorded(entry) for entry in json.loads((HERE / "reported_cases.json").read_text())]


def _recorded(entry: dict[str, Any]) -> Case:
    detail = {taken["address"]: taken for taken in entry.get("existing_detail", [])}
    return Case(
        id=entry["id"],
        call=_call(entry),
        expect={DEFAULT: entry["expect"], STRICT: entry["expect"]},
        note=entry["note"],
        kind=entry["drop_in"],
        before=tuple(
            Step(
                call=_call(step),
                expect={"error_code": ">=1"} if step.get("expect_fail") else {},
            )
            for step in entry.get("before", [])
        ),
        taken=tuple(_taken(address, detail.get(address)) for address in entry["existing"]),
        fixture=entry.get("fixture", ""),
        stdout=go_json(entry["upstream_stdout"])
        if entry["env"]["CNI_COMMAND"] == "ADD" and entry.get("upstream_exit") == 0
        else None,
    )


def _taken(address: str, detail: dict[str, str] | None) -> Taken:
    if detail is None:
        number = address.replace(":", "-").replace(".", "-")
        return Taken(address=address, podref=f"default/other-{number}", container_id=f"c{number}")
    return Taken(
        address=address,
        podref=detail["podref"],
        interface=detail["ifname"],
        container_id=detail["id"],
    )


def ours() -> list[Case]:
    """The cases that we added."""
    document = json.loads((HERE / "more_cases.json").read_text())
    return [_ours(document["usual"], entry) for entry in document["cases"]]


def _ours(usual: dict[str, Any], entry: dict[str, Any]) -> Case:
    expect = {DEFAULT: entry["expect"]}
    if entry["drop_in"] in {"must", "should"}:
        expect[STRICT] = entry["expect"]
    if "strict" in entry:
        expect[STRICT] = entry["strict"]
    return Case(
        id=entry["id"],
        call=_call(_laid_over(usual, entry)),
        expect=expect,
        note=entry["note"],
        kind=entry["drop_in"],
        before=tuple(
            Step(call=_call(_laid_over(usual, step)), expect=step.get("expect", {}))
            for step in entry.get("before", [])
        ),
        taken=tuple(_taken(address, None) for address in entry.get("taken", [])),
        fixture=entry.get("fixture", ""),
        pools=tuple(entry.get("pools", [])),
        only=entry.get("only", ""),
    )


def _laid_over(usual: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    config = _merged(usual["config"], entry.get("config", {}))
    if isinstance(config.get("ipam"), dict):
        config["ipam"] = _merged(usual["ipam"], config["ipam"])
    made = {"config": config, "env": _merged(usual["env"], entry.get("env", {}))}
    return {**entry, **made}


def _merged(usual: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**usual, **more}.items() if value is not None}


def _call(entry: dict[str, Any]) -> Call:
    stdin = entry["raw_stdin"] if "raw_stdin" in entry else json.dumps(entry["config"])
    return Call(env=entry["env"], stdin=stdin.encode(), node=entry.get("node", "node1"))
