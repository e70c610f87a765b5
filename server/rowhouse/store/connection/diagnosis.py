"""Read-only queries of `rowhouse doctor` about a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, LiteralString

import psycopg

from rowhouse.store.connection.errors import domain_error
from rowhouse.store.connection.opening import connect
from rowhouse.store.connection.privileges import MISSING
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.data_source import Source

_FACTS: Final = statement(__name__, "facts")


_POOL_NAMES: Final = statement(__name__, "pool_names")

_HAS_LEADER: Final = statement(__name__, "has_leader")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A database; `clock` is its time in seconds since 1970."""

    version: str
    major: int
    encoding: str
    is_standby: bool
    name: str
    user: str
    is_superuser: bool
    clock: float


def facts(source: Source) -> Facts:
    """Return the facts about the database. Raises TryAgain if it cannot be reached."""
    row = _rows(source, _FACTS)[0]
    names = ("version", "major", "encoding", "is_standby", "name", "user", "is_superuser", "clock")
    return Facts(**dict(zip(names, row, strict=True)))


def missing_privileges(source: Source) -> list[str]:
    """Return the privileges that the login role lacks, such as `EXECUTE on rowhouse.attach_v1(…)`."""
    return [str(row[0]) for row in _rows(source, MISSING)]


def pool_names(source: Source) -> dict[str, str]:
    """Return the names and aliases of pools, by which configurations can refer to them, each with the current name.

    A pool that has aliases but no name is called by its CIDR.
    """
    return dict(_rows(source, _POOL_NAMES))


def has_leader(source: Source, cluster: str) -> bool:
    """Whether a controller holds the leader's lock of a cluster (`leader_election.py`)."""
    return bool(_rows(source, _HAS_LEADER, {"cluster": cluster})[0][0])


def _rows(
    source: Source, query: LiteralString, parameters: dict[str, Any] | None = None
) -> list[TupleRow]:
    with connect(source) as connection:
        try:
            return connection.execute(query, parameters).fetchall()
        except psycopg.Error as error:
            raise domain_error(error) from error
