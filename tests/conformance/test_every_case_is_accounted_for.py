"""No case is skipped in silence, and no exception outlives its case."""

from __future__ import annotations

from conformance import differences
from conformance.case import DEFAULT, STRICT, ours, recorded

CASES = {case.id: case for case in recorded()}


def test_the_recorded_cases_are_all_here() -> None:
    assert len(CASES) == len(recorded()) == 151


def test_every_exception_names_a_recorded_case() -> None:
    for table in (
        differences.DIFFERENCES,
        differences.PLUGIN_ONLY,
        differences.OURS_IN_STRICT,
        differences.ALSO_RESERVED,
        differences.SAYS,
    ):
        assert set(table) <= set(CASES)


def test_what_we_recommend_is_spelled_out_or_is_what_upstream_does() -> None:
    deviating = {case.id for case in CASES.values() if case.kind.startswith("deviate")}
    # STATUS succeeds where nothing is wrong; R05, R06 and K108 show what it says otherwise.
    # An interface whose range changed keeps its address, as upstream's does (O06).
    assert deviating - set(differences.DIFFERENCES) == {"K03", "O06"}


def test_in_strict_mode_only_what_upstream_has_not_differs() -> None:
    strict = {name for name, found in differences.DIFFERENCES.items() if STRICT in found.modes}
    assert strict == {"B44", "K02", "R18"}
    assert all(CASES[name].kind == "new" for name in differences.OURS_IN_STRICT)


def test_only_the_reference_rows_are_not_about_us() -> None:
    silent = {case.id for case in CASES.values() if differences.expectation(case, DEFAULT) is None}
    assert silent == {case.id for case in CASES.values() if case.kind == "reference"}


def test_our_own_cases_have_names_of_their_own() -> None:
    names = [case.id for case in ours()]
    assert len(set(names)) == len(names)
    assert not set(names) & set(CASES)
