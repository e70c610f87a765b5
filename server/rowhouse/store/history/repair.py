"""Repairs history and free space after damage that no trigger of the database saw."""

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
    """A change that repairs something: of the addresses from `first` to `last`, inclusive, of a network."""

    change: str
    network: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A line of `integrity_problems`: what is wrong with an address of a network, and what repairs it."""

    problem: str
    network: str
    address: str
    repair: str


def repair(
    database: Database, actor: Actor, *, dry_run: bool = False
) -> tuple[list[Change], list[Problem]]:
    """Repairs what it can in one transaction; the changes, and the problems that are left.

    With `dry_run` the transaction is rolled back. Allocations wait meanwhile. Errors: TryAgain when they
    do not let it begin within 10 seconds, NotReady if the database's user is not in rowhouse_owner.
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
