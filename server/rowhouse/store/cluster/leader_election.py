"""Leader election among replicas, by an advisory lock of a PostgreSQL session.

The lock ends with its connection, so it needs no release and no clock.
The leader makes all its changes on the same connection, so a replica that lost the lock cannot change anything.
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
    """Takes part in the election, on its own connection. A context manager.

    Args:
        source: where the database is.
        cluster: the cluster's name; each cluster has its own leader.
    """

    def __init__(self, source: Source, cluster: str) -> None:
        self._cluster = cluster
        self.session: psycopg.Connection[TupleRow] = connect(source)
        """The connection for the leader's changes. Connecting raises TryAgain if the database is unreachable."""
        self.session.autocommit = True

    def is_leader(self) -> bool:
        """Try to become the leader; return whether this replica leads. Raises TryAgain if the connection is lost."""
        try:
            # The caller stops calling once it leads: every further success would nest the lock.
            row = self.session.execute(LOCK, (self._cluster,)).fetchone()
        except psycopg.Error as error:
            raise domain_error(error) from error
        return bool(row and row[0])

    def check(self) -> None:
        """Check that the connection, and thus the lock, still exists. Raises TryAgain if it is lost."""
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
