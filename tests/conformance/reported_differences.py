"""Every reported case that we answer in another way than it says, and why.

What is not listed here must be answered as the case says, in both modes; a case of our own behavior
(`new`) in the default mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.case import DEFAULT, STRICT
from conformance.differences import Difference

if TYPE_CHECKING:
    from conformance.case import Case, Expectation

BOTH = (DEFAULT, STRICT)

DIFFERENCES: dict[str, tuple[Difference, ...]] = {
    "R17": (
        Difference(
            {
                "addresses": ["10.53.1.32/24"],
                "gateway": "10.53.10.1",
                "routes": [{"dst": "0.0.0.0/0"}],
            },
            "the case leaves out the route that its configuration has",
            BOTH,
        ),
    ),
    "R59": (
        Difference(
            {"error_code": 7, "gist": "range"},
            "no address can come of it; the message names ipam.range",
        ),
        Difference(
            {"result": {"cniVersion": "0.3.1", "dns": {}}},
            "the upstream binary succeeds without an address: recorded case B38",
            (STRICT,),
        ),
    ),
    "R137": (
        Difference(
            {"addresses": ["10.96.136.1/24"]},
            "its GC keeps container r137a-r137, which no call of the case has, so both are released",
        ),
    ),
    "R157": (
        Difference(
            {"addresses": ["10.99.5.2/24"]},
            "bridge makes the first address its own when ipam names no gateway",
        ),
    ),
    "R158": (
        Difference(
            {"addresses": ["10.99.6.2/24", "10.99.6.1/24"]},
            "the same address twice on one interface makes the main plugin fail",
        ),
    ),
}


def expectation(case: Case, mode: str) -> Expectation | None:
    """What a reported case must give in a mode; None where it is not about us."""
    if case.kind == "new" and mode == STRICT:
        return None
    for difference in DIFFERENCES.get(case.id, ()):
        if mode in difference.modes:
            return difference.expect
    return case.expect[mode]
