"""Candidates: which lists are read, and how they limit the ranges of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.cni.candidates import candidates_of, limited_to
from rowhouse.domain.errors import RowhouseError

if TYPE_CHECKING:
    from cni.conftest import Server
    from rowhouse.domain.requests import Segment

RANGE = {"range": "10.0.0.0/24", "gateway": "10.0.0.1"}


def segments(server: Server, ipam: dict[str, Any], **config: Any) -> list[tuple[Segment, ...]]:
    planned = server.plan(ipam, **config)
    plan = limited_to(candidates_of(planned.call.config), planned.plan)
    return [one.segments for one in plan.requests if one.has_candidates]


def test_each_range_is_limited_to_its_own_candidates(server: Server) -> None:
    mixed = ["10.0.0.9", "10.0.0.0/30", "10.0.0.5-10.0.0.7", "10.0.0.6", "fd00::7"]
    dual = {"ipRanges": [RANGE, {"range": "fd00::/64"}, {"range": "10.1.0.0/24"}]}
    assert segments(server, {**dual, "candidates": mixed}) == [
        (("10.0.0.1", "10.0.0.3"), ("10.0.0.5", "10.0.0.7"), ("10.0.0.9", "10.0.0.9")),
        (("fd00::7", "fd00::7"),),
    ]
    # The gateway is not assigned.
    assert segments(server, {**RANGE, "candidates": ["10.0.0.0/30"]}) == [
        (("10.0.0.2", "10.0.0.3"),)
    ]
    by_pod = {"args": {"cni": {"candidates": ["10.0.0.77"]}}}
    assert segments(server, {**RANGE, "candidates": mixed}, **by_pod) == [
        (("10.0.0.77", "10.0.0.77"),)
    ]
    assert segments(server, {"pool": "web", "candidates": ["10.9.0.5"]}) == [
        (("10.9.0.5", "10.9.0.5"),)
    ]
    assert segments(server, RANGE) == []


def test_names_are_left_to_the_database(server: Server) -> None:
    planned = server.plan({"ipRanges": [RANGE, {"pool": "web"}], "candidates": ["web", "web-2"]})
    plan = limited_to(candidates_of(planned.call.config), planned.plan)
    assert [(one.segments, one.has_candidates) for one in plan.requests] == [
        (one.segments, True) for one in planned.plan.requests
    ]
    assert {one.candidate_names for one in plan.requests} == {("web", "web-2")}


def test_a_requested_address_comes_before_the_candidates(server: Server) -> None:
    asked = {"runtimeConfig": {"ips": ["10.0.0.50"]}}
    assert segments(server, {**RANGE, "candidates": ["10.0.0.60"]}, **asked) == []


@pytest.mark.parametrize(
    ("candidates", "code", "message"),
    [
        (["X"], 7, 'invalid candidate "X" (ipam.candidates)'),
        (["web", "10.0.0.5"], 7, "ipam.candidates has names and addresses"),
        (["10.0.0.9-10.0.0.5"], 7, "the last address is before the first"),
        (["10.0.0.9-fd00::1"], 7, "the last address is before the first"),
        (["10.0.0.0/33"], 7, 'invalid candidate "10.0.0.0/33"'),
        ("10.0.0.5", 7, "ipam.candidates must be a list"),
        ([5], 7, "ipam.candidates must be a list of strings"),
        (["10.0.0.5"] * 257, 7, "ipam.candidates has 257 entries"),
        (["10.0.0.5", "10.9.0.1"], 102, 'no range can assign candidate "10.9.0.1"'),
        (["10.0.0.1"], 102, 'no range can assign candidate "10.0.0.1"'),
    ],
)
def test_a_bad_list_is_refused(server: Server, candidates: Any, code: int, message: str) -> None:
    with pytest.raises(RowhouseError) as refused:
        segments(server, {**RANGE, "candidates": candidates})
    assert (refused.value.cni_code, message in refused.value.message) == (code, True)
