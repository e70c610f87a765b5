"""Run the checks: independent ones concurrently, each within a time limit."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rowhouse.doctor.checks.api_server import api_server
from rowhouse.doctor.checks.clocks import api_server_clock, database_clock
from rowhouse.doctor.checks.database import database, grants, schema_at_head
from rowhouse.doctor.checks.kinds import kinds
from rowhouse.doctor.checks.mirror import leader, mirror
from rowhouse.doctor.checks.networks import networks
from rowhouse.doctor.checks.node import node
from rowhouse.doctor.checks.parts import nodes, parts
from rowhouse.doctor.checks.permissions import permissions
from rowhouse.doctor.checks.reports import reports
from rowhouse.doctor.checks.tokens import tokens
from rowhouse.doctor.finding import Finding, failed, skipped
from rowhouse.doctor.surroundings import Unavailable
from rowhouse.domain.errors import RowhouseError
from rowhouse.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rowhouse.doctor.surroundings import Surroundings

MAX_SECONDS: Final = 30.0
"""The time limit of one check; its requests have shorter limits."""


@dataclass(frozen=True, slots=True)
class Check:
    """A named check. It is skipped if the check `after` failed, because it would fail for the same reason."""

    name: str
    run: Callable[[Surroundings], Iterator[Finding]]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A check and its findings, at least one."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def is_failed(self) -> bool:
        """Whether the check failed."""
        return any(one.state == "failed" for one in self.findings)


CHECKS: Final = (
    Check("database", database),
    Check("schema", schema_at_head, after="database"),
    Check("grants", grants, after="schema"),
    Check("clock of the database", database_clock, after="database"),
    Check("API server", api_server),
    Check("clock of the API server", api_server_clock, after="API server"),
    Check("tokens", tokens),
    Check("permissions", permissions, after="API server"),
    Check("kinds", kinds, after="API server"),
    Check("networks", networks, after="API server"),
    Check("parts", parts, after="API server"),
    Check("nodes", nodes, after="API server"),
    Check("reports of nodes", reports, after="schema"),
    Check("leader", leader, after="schema"),
    Check("mirror", mirror, after="schema"),
    Check("node", node),
)


def examine(
    where: Surroundings, checks: Sequence[Check] = CHECKS, *, max_seconds: float = MAX_SECONDS
) -> list[Result]:
    """Return the results of all checks in order, even if some of them crash."""
    done: dict[str, Result] = {}
    left = list(checks)
    while left:
        ready = [one for one in left if not one.after or one.after in done]
        done |= _at_once(where, ready, done, max_seconds)
        left = [one for one in left if one not in ready]
    return [done[one.name] for one in checks]


def _at_once(
    where: Surroundings, checks: Sequence[Check], done: dict[str, Result], max_seconds: float
) -> dict[str, Result]:
    found: dict[str, Result] = {}
    running = {}
    for check in checks:
        if check.after and (done[check.after].is_failed or _is_skipped(done[check.after])):
            found[check.name] = Result(check.name, (_because_of(done[check.after]),))
            continue
        into: list[Finding] = []
        # A daemon thread, so that a hanging check does not keep the process from exiting.
        thread = threading.Thread(target=_run, args=(check, where, into), daemon=True)
        thread.start()
        running[check.name] = thread, into
    for name, (thread, into) in running.items():
        thread.join(max_seconds)
        if thread.is_alive():
            late = failed(
                f"it did not finish within {max_seconds:g} s",
                "A peer does not respond: see the other checks.",
            )
            found[name] = Result(name, (*into, late))
        else:
            found[name] = Result(name, tuple(into))
    return found


def _run(check: Check, where: Surroundings, into: list[Finding]) -> None:
    try:
        into.extend(check.run(where))
    except Unavailable as unavailable:
        into.append(skipped(unavailable.found, unavailable.remedy))
    except SettingsError as error:
        into.append(failed(error.message, error.hint or "Correct it: docs/reference/settings.md."))
    except RowhouseError as error:
        into.append(failed(error.message, error.hint or "Run it again."))
    except Exception as error:  # noqa: BLE001 - one check must not hide what the others find
        into.append(
            failed(
                f"{type(error).__name__}: {error}", "This is a bug in the doctor. Please report it."
            )
        )
    if not into:
        into.append(skipped("there was nothing to check"))


def _is_skipped(result: Result) -> bool:
    return all(one.state == "skipped" for one in result.findings)


def _because_of(result: Result) -> Finding:
    if not result.is_failed:
        first = result.findings[0]
        return skipped(first.found, first.remedy)
    return skipped(f'the check "{result.name}" failed')
