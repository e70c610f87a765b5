"""Runs the checks and prints what they found."""

import json
from collections.abc import Callable, Sequence

from rowhouse_cni.errors import CniError, visible
from rowhouse_node.doctor.calls import plugin, status
from rowhouse_node.doctor.finding import FAILED, WARNING, Finding
from rowhouse_node.doctor.folder import folder, whereabouts
from rowhouse_node.doctor.kept import spool
from rowhouse_node.doctor.supplies import authorities, settings, token
from rowhouse_node.options import Options

CHECKS: tuple[Callable[[Options], Finding], ...] = (
    settings,
    token,
    authorities,
    folder,
    whereabouts,
    plugin,
    spool,
    status,
)
EXIT_FAILED, EXIT_WARNING = 4, 6  # as `rowhouse doctor` does


def examine(options: Options) -> list[Finding]:
    """Run all checks in order; return their findings."""
    found = []
    for check in CHECKS:
        try:
            found.append(check(options))
        except (OSError, CniError) as trouble:
            remedy = "See the log of the node daemon."
            found.append(Finding(check.__name__, FAILED, str(trouble), remedy))
    return found


def text(findings: Sequence[Finding], form: str) -> str:
    """The findings as a table with the remedies below, or as JSON."""
    if form == "json":
        found = json.dumps({"items": [vars(one) for one in findings]}, indent=2)
        return found.replace("\x7f", "\\u007f")
    width = max(len(one.check) for one in findings)
    lines = [f"{'CHECK':{width}}  STATE    FOUND"]
    lines += [f"{one.check:{width}}  {one.state:7}  {one.found}" for one in findings]
    for state in (FAILED, WARNING):
        for one in findings:
            if one.state == state:
                lines += ["", f"{state}: {one.check}: {one.found}", f"  {one.remedy}"]
    return "\n".join(map(visible, lines))


def exit_status(findings: Sequence[Finding]) -> int:
    """4 after a failure, 6 after warnings only, else 0."""
    states = {one.state for one in findings}
    return EXIT_FAILED if FAILED in states else EXIT_WARNING if WARNING in states else 0
