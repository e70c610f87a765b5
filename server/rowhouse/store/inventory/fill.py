"""The fill of all pools at once, for metrics, with a time limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg

from rowhouse.domain.errors import TryAgain
from rowhouse.store.connection.statements import statement
from rowhouse.store.inventory.occupancy import OCCUPANCY, occupancy_of

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database
    from rowhouse.store.inventory.occupancy import Occupancy

MAX_MILLISECONDS: Final = 3000
_LIMIT: Final = "SELECT set_config('statement_timeout', %s, true), set_config('jit', 'off', true)"

STALE: Final = statement(__name__, "stale_reservations")


class TookTooLong(TryAgain):
    """The database is busy: the query for pool usage took too long."""


@dataclass(frozen=True, slots=True)
class Fill:
    """All pools, and the number of stale reservations of each network by its name."""

    pools: tuple[Occupancy, ...]
    stale: dict[str, float]


def of_pools(database: Database) -> Fill:
    """Return the fill of all pools now.

    Errors: TookTooLong, TryAgain, NotReady.
    """

    def work(connection: psycopg.Connection[TupleRow]) -> tuple[list[TupleRow], list[TupleRow]]:
        try:
            with connection.pipeline(), connection.transaction():
                connection.execute(_LIMIT, (str(MAX_MILLISECONDS),))
                counted = connection.execute(OCCUPANCY, {"pools": None})
                stale = connection.execute(STALE)
            return counted.fetchall(), stale.fetchall()
        except psycopg.errors.QueryCanceled as error:
            # Not treated as a lost connection, because an immediate retry would take just as long.
            raise TookTooLong("the query for pool usage took too long") from error

    counted, stale = database.run(work, function="pool_counts")
    return Fill(pools=tuple(map(occupancy_of, counted)), stale=dict(stale))
