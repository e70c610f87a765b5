"""How many addresses each namespace, cluster, node, network, pool or label held over a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.store.connection.reads import rows_of
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rowhouse.domain.periods import Period
    from rowhouse.domain.reports import By
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

_UTILIZATION: Final = statement(__name__, "utilization")


def of_groups(
    database: Database,
    by: By,
    period: Period,
    *,
    label: str = "",
    network: str | None = None,
    namespaces: Collection[str] | None = None,
) -> Sequence[Record]:
    """Return the groups that held addresses in the period: key, average, begun, ended, used.

    `key` is the id of a network or pool, else its name, and "" for pools without the label; `used` has one count for
    each moment of the period; `begun` and `ended` count tenures. With `namespaces`, only their tenures count.

    Errors: TryAgain (it takes too long: a long period of a large history), NotReady.
    """
    parameters = {
        "by": by,
        "label": label,
        "network": network,
        "since": period.since,
        "until": period.until,
        "steps": period.steps,
        "namespaces": None if namespaces is None else [*namespaces],
    }
    return rows_of(database, _UTILIZATION, parameters)
