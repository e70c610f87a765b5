"""How many addresses each namespace, cluster, node, network, pool or label held over a period.

While the history is small, it is read. After that, a report adds up the periods of the table usage_periods, if all that
it needs are there: they begin with the first server that sums up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rowhouse.domain.usage_periods import summed
from rowhouse.store.connection.reads import rows_of
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rowhouse.domain.periods import Period
    from rowhouse.domain.reports import By
    from rowhouse.domain.usage_periods import Summed
    from rowhouse.store.connection.database import Database

_UTILIZATION: Final = statement(__name__, "utilization")
_STATE: Final = statement(__name__, "usage_state")
_PERIODS: Final = statement(__name__, "usage_periods")
SUM_UP = "SELECT rowhouse.sum_usage_v1()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a group held: `used` at each moment, and on average; `begun` and `ended` count tenures.

    `key` is the id of a network or pool, else its name, and "" for pools without the label.
    """

    key: str
    used: list[int]
    average: float
    begun: int
    ended: int


def sum_up(database: Database) -> bool:
    """Sum up the usage until this quarter of an hour; False if that was already done."""
    return bool(database.call(SUM_UP)[0][0])


def of_groups(
    database: Database,
    by: By,
    period: Period,
    *,
    label: str = "",
    network: str | None = None,
    namespaces: Collection[str] | None = None,
) -> list[Usage]:
    """Return the groups that held addresses in the period. With `namespaces`, only their tenures count.

    Errors: TryAgain (it takes too long: a large history that is not summed up), NotReady.
    """
    # There are no sums by two groups.
    if network is None and (namespaces is None or by == "namespace"):
        (state,) = rows_of(database, _STATE, {})
        known = state.summed_until
        parts = None if state.is_small or known is None else summed(period, known)
        found = None if parts is None else _of_periods(database, by, label, parts)
        if found is not None:
            return [one for one in found if namespaces is None or one.key in namespaces]
    parameters = {
        "by": by,
        "label": label,
        "network": network,
        "since": period.since,
        "until": period.until,
        "steps": period.steps,
        "namespaces": None if namespaces is None else [*namespaces],
    }
    return [
        Usage(
            key=row.key,
            used=[int(count) for count in row.used],
            average=row.average,
            begun=row.begun,
            ended=row.ended,
        )
        for row in rows_of(database, _UTILIZATION, parameters)
    ]


def _of_periods(database: Database, by: By, label: str, wanted: Summed) -> list[Usage] | None:
    """Add up periods; None: some of them are missing."""
    parameters = {
        "by": by,
        "label": label,
        "spans": [part.span for part in wanted.parts],
        "begins": [part.begins for part in wanted.parts],
        "ends": [part.ends for part in wanted.parts],
        "moments": wanted.moments,
    }
    *groups, counted = rows_of(database, _PERIODS, parameters)
    if counted.begun != wanted.periods:
        return None
    seconds = wanted.length.total_seconds()
    return [
        Usage(
            key=row.key,
            used=_at_moments(row.present, row.used, len(wanted.moments)),
            average=row.seconds / seconds,
            begun=row.begun,
            ended=row.ended,
        )
        for row in groups
        if row.seconds
    ]


def _at_moments(present: Sequence[int], used: Sequence[int], moments: int) -> list[int]:
    found = [0] * moments
    for step, count in zip(present or (), used or (), strict=True):
        found[step] += count
    return found
