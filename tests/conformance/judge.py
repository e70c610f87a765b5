"""Whether an answer is the one that is expected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.case import go_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.case import Expectation
    from fixtures.calls import Answer

_KINDS = (
    # Upstream has one code, 999, for all of these; design.md section 4 gives each kind its own.
    (100, ("Could not allocate IP in range",)),
    (4, ("no pod name", "unknown args", "invalid pair", "boolean unmarshal error")),
    (4, ("invalid gateway address", "(CNI_ARGS IP)")),
    (7, ("could not parse exclude range", "net mask is too short", "invalid range start")),
    (7, ("IPAM config missing", "invalid CIDR", "couldn't parse gateway IP", "only interested in")),
    (7, ("JSON Parsing Error", "does not support more than 1 address per family")),
    (7, ("node_slice_size",)),
)
UPSTREAM_WRAPPER = 999


def code_for(message: str) -> int:
    """Our code for the kind of error that upstream reports as 999 with this message."""
    found = [code for code, gists in _KINDS if any(gist in message for gist in gists)]
    assert found, f"no code of ours is known for this kind of error: {message}"
    return found[0]


def judge(expect: Expectation, answer: Answer, *, phrases: Sequence[str] = ()) -> None:
    """Fail unless `answer` is what `expect` describes; `phrases` must be in an error's text."""
    if "error_code" in expect:
        _judge_error(expect, answer, phrases)
        return
    assert answer.exit_status == 0, answer
    if "stdout" in expect:
        assert answer.stdout == expect["stdout"].encode()
    if "json" in expect:
        assert answer.document == expect["json"]
    if "result" in expect:
        assert answer.stdout.decode() == go_json(expect["result"]).decode()
    if "addresses" in expect:
        _judge_result(expect, answer.document)


def _judge_error(expect: Expectation, answer: Answer, phrases: Sequence[str]) -> None:
    assert answer.exit_status == 1, answer
    document = answer.document
    text = f"{document['msg']}; {document.get('details', '')}"
    code = expect["error_code"]
    if code == UPSTREAM_WRAPPER:
        code = code_for(document["msg"])
    if isinstance(code, str):
        assert document["code"] >= int(code.removeprefix(">=")), document
    else:
        assert document["code"] == code, document
    for phrase in (*phrases, *expect.get("says", ())):
        assert phrase in text, f"{phrase!r} is not in {text!r}"
    assert set(document) <= {"cniVersion", "code", "msg", "details"}


def _judge_result(expect: Expectation, document: dict[str, Any]) -> None:
    addresses, gateways, routes = _flat(document)
    assert addresses == expect["addresses"], document
    if "gateway" in expect:
        assert gateways[0] == expect["gateway"], document
    if "gateways" in expect:
        # The recorded cases list the gateways of those addresses that have one, or null for none.
        wanted = expect["gateways"]
        assert gateways == wanted, document
    if not {"gateway", "gateways"} & set(expect):
        assert not any(gateways), document
    if "routes" in expect:
        assert json.dumps(routes, sort_keys=True) == json.dumps(expect["routes"], sort_keys=True)
    else:
        assert not routes, document
    assert document.get("dns", {}) == expect.get("dns", {})


def _flat(document: dict[str, Any]) -> tuple[list[str], list[str | None], list[dict[str, Any]]]:
    """Addresses, their gateways, and the routes, whatever the form of the result."""
    if "ip4" in document or "ip6" in document:
        entries = [document[key] for key in ("ip4", "ip6") if key in document]
        routes = [route for entry in entries for route in entry.get("routes", [])]
        return [entry["ip"] for entry in entries], [e.get("gateway") for e in entries], routes
    entries = document.get("ips", [])
    return (
        [entry["address"] for entry in entries],
        [entry.get("gateway") for entry in entries],
        document.get("routes", []),
    )
