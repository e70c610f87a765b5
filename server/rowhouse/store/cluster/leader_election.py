"""Leader election among replicas, by an advisory lock of a PostgreSQL session.

The lock ends with its connection, so it needs no release and no clock.
What the leader changes it changes on that same connection: a statement that arrives is one of the leader's.
The connection must be the database's own, not one through PgBouncer in transaction mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import psycopg

from rowhouse.store.connection.errors import domain_error
from rowhouse.store.connection.opening import connect

if TYPE_CHECKING:
    from types import TracebackType

    from psycopg.rows import TupleRow

    from rowhouse.store.connection.data_source import Source

LOCK = "SELECT pg_try_advisory_lock(hashtextextended('rowhouse controller of ' || %s, 0))"


class LeaderElection:
    """Takes part in the election on a connection of its own. A context manager.

    Args:
        source: of the database.
        cluster: each has a leader of its own.
    """

    def __init__(self, source: Source, cluster: str) -> None:
        self._cluster = cluster
        self.session: psycopg.Connection[TupleRow] = connect(source)
        """What the leader works on; raises TryAgain when there is no database."""
        self.session.autocommit = True

    def is_leader(self) -> bool:
        """Whether we are, or become now, the leader. Raises TryAgain when the connection is gone."""
        try:
            # Once for each time that it is asked would be a lock to count; it is asked until it is got.
            row = self.session.execute(LOCK, (self._cluster,)).fetchone()
        except psycopg.Error as error:
            raise domain_error(error) from error
        return bool(row and row[0])

    def check(self) -> None:
        """Nothing, while the connection lives, and so the lock. Raises TryAgain when it is gone."""
        try:
            self.session.execute("SELECT")
        except psycopg.Error as error:
            raise domain_error(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close()
