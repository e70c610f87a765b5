"""The fill of all pools at once, for metrics: one statement that ends after some time, done or not."""

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
    """The database is busy: the fill of the pools took too long to find out."""


@dataclass(frozen=True, slots=True)
class Fill:
    """All pools, and the number of stale reservations of each network by its name."""

    pools: tuple[Occupancy, ...]
    stale: dict[str, float]


def of_pools(database: Database) -> Fill:
    """The fill of all pools now.

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
            # Not a lost connection: trying again at once would take as long again.
            raise TookTooLong("the fill of the pools took too long to find out") from error

    counted, stale = database.run(work, function="pool_counts")
    return Fill(pools=tuple(map(occupancy_of, counted)), stale=dict(stale))
