"""Repair history and free space after damage that bypassed the triggers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database

REPAIR: Final = statement(__name__, "repair")
PROBLEMS: Final = statement(__name__, "integrity_problems")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A repair of the addresses from `first` to `last`, inclusive, of a network."""

    change: str
    network: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A row of `integrity_problems`: a problem of an address, and how to repair it."""

    problem: str
    network: str
    address: str
    repair: str


def repair(
    database: Database, actor: Actor, *, dry_run: bool = False
) -> tuple[list[Change], list[Problem]]:
    """Repair what can be repaired in one transaction; return the changes and the remaining problems.

    `dry_run` rolls the transaction back. Allocations wait meanwhile. Raises TryAgain if running allocations keep it
    from starting within 10 seconds, NotReady if the database user is not in rowhouse_owner.
    """

    def work(connection: psycopg.Connection[TupleRow]) -> tuple[list[Change], list[Problem]]:
        with connection.transaction(force_rollback=dry_run):
            changes = connection.execute(
                REPAIR, {"actor": actor.name, "request_id": actor.request_id}
            ).fetchall()
            left = connection.execute(PROBLEMS).fetchall()
        return (
            [
                Change(change=change, network=network, first=first, last=last)
                for change, network, first, last in changes
            ],
            [
                Problem(problem=problem, network=network, address=address, repair=advice)
                for problem, network, address, advice in left
            ],
        )

    return database.run(work, function="repair_v1")
