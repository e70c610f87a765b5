"""Connections: a psycopg pool for the allocator's calls, and an SQLAlchemy engine for everything else."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING, Any, LiteralString, TypeAlias, TypeVar

import psycopg
from psycopg import sql
from psycopg.errors import FeatureNotSupported, LockNotAvailable, ReadOnlySqlTransaction
from psycopg.types.string import TextLoader
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout
from sqlalchemy import Engine, create_engine

from rowhouse import metrics
from rowhouse.domain.errors import RowhouseError, TryAgain
from rowhouse.store.connection.combining import CombiningQueue
from rowhouse.store.connection.deadline import seconds_left
from rowhouse.store.connection.errors import domain_error, is_rolled_back, is_transient
from rowhouse.store.connection.opening import LastAttempt, PooledConnection, connect
from rowhouse.store.connection.session_settings import PIN_TRANSACTION
from rowhouse.store.connection.statements import statement
from rowhouse.store.connection.stored_function import function_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from psycopg.rows import TupleRow
    from sqlalchemy import Connection

    from rowhouse.store.connection.combining import Outcome
    from rowhouse.store.connection.data_source import Source

Answer = TypeVar("Answer")
Call = TypeVar("Call")
Parameters: TypeAlias = "tuple[Any, ...] | dict[str, Any]"

ACT_AS = statement(__name__, "act_as")

# A commit whose connection died may have happened. Every mutation is idempotent, so it is retried.
ATTEMPTS = 3

# Seconds between two attempts to reach the database while calls wait, with as much jitter. The pool's own interval
# would grow from one second to minutes, which is too slow after an outage.
_BETWEEN_TRIES = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """The state of the connections for calls, and how many calls waited for one since the start."""

    most: int
    idle: int
    used: int
    waiters: int
    waits: int
    wait_seconds: float
    timeouts: int


class _Reconnector:
    """Called by the pool after a failed connection: retries soon while calls are waiting.

    The process makes one attempt at a time, so that a recovering database is not overloaded.
    """

    def __init__(self) -> None:
        self._trying = threading.Lock()
        self._random = SystemRandom()

    def __call__(self, pool: ConnectionPool[Any]) -> None:
        if not self._trying.acquire(blocking=False):
            return
        try:
            time.sleep(_BETWEEN_TRIES * (1 + self._random.random()))
        finally:
            self._trying.release()
        if pool.get_stats().get("requests_waiting") and not pool.closed:
            pool.check()


def _with_text_addresses(connection: psycopg.Connection[TupleRow]) -> psycopg.Connection[TupleRow]:
    # Making an object for each address takes longer than all else in a row, and the models would make it text again.
    for name in ("inet", "cidr"):
        connection.adapters.register_loader(name, TextLoader)
    return connection


class Database:
    """One PostgreSQL database. Opens lazily; `close()` when done. Safe to share between threads."""

    def __init__(
        self,
        source: Source,
        *,
        pool_size: int = 8,
        wait: float = 5.0,
        lock_wait: float = 3.0,
        prepare: bool = True,
    ) -> None:
        """Use at most `pool_size` connections; wait at most `wait` s for a free one, `lock_wait` s for each lock.

        `prepare` False disables prepared statements, which PgBouncer before 1.21 does not support.
        """
        self.source = source
        self._wait = wait
        self._lock_wait = lock_wait
        self._queues: dict[str, CombiningQueue[Any, Any]] = {}
        self._login = LastAttempt()
        self._pool: ConnectionPool[PooledConnection] = ConnectionPool(
            min_size=1,
            max_size=pool_size,
            open=False,
            timeout=wait,
            reconnect_timeout=0,
            reconnect_failed=_Reconnector(),
            connection_class=PooledConnection,
            kwargs={
                "source": source,
                "last_attempt": self._login,
                "prepare_threshold": 2 if prepare else None,
            },
            check=None,
        )
        self.engine: Engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: _with_text_addresses(connect(source, prepare=prepare)),
            pool_size=2,
            max_overflow=4,
            pool_timeout=wait,
            pool_pre_ping=True,
        )

    def call(
        self, query: LiteralString | sql.Composed, parameters: Parameters = ()
    ) -> list[TupleRow]:
        """Run one statement in its own transaction and return its rows.

        Errors: the domain's error for what the stored functions raise; TryAgain if the database
        cannot be reached, is overloaded or waited too long for a lock.
        """
        return self.run(
            lambda connection: self._execute(connection, query, parameters).fetchall(),
            function=_function(query),
        )

    def call_waiting(
        self, query: LiteralString | sql.Composed, parameters: dict[str, Any]
    ) -> list[TupleRow]:
        """Like `call`, for a function that takes the maximum wait for a lock in the parameter `max_wait`.

        Milliseconds; no longer than the caller waits (`deadline.py`).
        """
        return self.run(
            lambda connection: self._execute(
                connection, query, {**parameters, "max_wait": self._lock_milliseconds()}
            ).fetchall(),
            function=_function(query),
        )

    def call_carefully(
        self, query: LiteralString | sql.Composed, parameters: dict[str, Any]
    ) -> list[TupleRow]:
        """Like `call_waiting`, after a refusal: the database corrects history and free space first."""

        def work(connection: psycopg.Connection[TupleRow]) -> list[TupleRow]:
            with connection.pipeline(), connection.transaction():
                connection.execute("SELECT set_config('rowhouse.careful', 'on', true)")
                waiting = {**parameters, "max_wait": self._lock_milliseconds()}
                cursor = connection.execute(query, waiting)
            return cursor.fetchall()

        return self.run(work, function=_function(query))

    def _lock_milliseconds(self) -> int:
        return max(1, int(seconds_left(self._lock_wait) * 1000))  # 0 would mean no timeout

    def change(
        self,
        query: LiteralString | sql.Composed,
        parameters: Parameters = (),
        *,
        actor: str,
        request_id: str = "",
        force: bool = False,
    ) -> list[TupleRow]:
        """Run one administrative statement on behalf of `actor`, whom history and audit log then name.

        `force` allows changes that touch addresses in use by running sandboxes.
        Everything up to COMMIT is sent at once: no lock is held across a round trip.
        """

        def work(connection: psycopg.Connection[TupleRow]) -> list[TupleRow]:
            with connection.pipeline(), connection.transaction():
                connection.execute(
                    ACT_AS,
                    {
                        "actor": actor,
                        "request_id": request_id,
                        "lock_timeout": str(self._lock_milliseconds()),
                        "force": "on" if force else "",
                    },
                )
                cursor = connection.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

        return self.run(work, function=_function(query), idempotent=False)

    def run(
        self,
        work: Callable[[PooledConnection], Answer],
        *,
        function: str = "other",
        idempotent: bool = True,
    ) -> Answer:
        """Run `work` on a connection, again if the connection is lost.

        `function` is its name in the metrics. Raises TryAgain before it has begun anything if the caller has
        gone (`deadline.py`). Work that is not `idempotent` is repeated only if it is
        certain that it did not happen: "reserve the next free one" must not reserve two.
        """
        try:
            self._pool.open()
        except PoolClosed as error:
            raise TryAgain(
                "the server is stopping", hint="Repeat the call: another server will handle it."
            ) from error
        for attempt in range(1, ATTEMPTS + 1):
            began = False
            try:
                with (
                    self._pool.connection(timeout=seconds_left(self._wait)) as connection,
                    metrics.CALL_DURATION.labels(function).time(),
                ):
                    if not idempotent:
                        ConnectionPool.check_connection(connection)
                    seconds_left(0.0)
                    began = True
                    try:
                        return work(connection)
                    except (ReadOnlySqlTransaction, FeatureNotSupported):
                        connection.close()  # it leads to a standby, or has prepared statements that a migration changed
                        raise
            except PoolTimeout as error:
                raise self._no_connection() from error
            except psycopg.Error as error:
                if isinstance(error, LockNotAvailable):
                    metrics.LOCK_TIMEOUTS.labels(function).inc()
                unknown = began and not idempotent and not is_rolled_back(error)
                if attempt == ATTEMPTS or unknown or not is_transient(error):
                    raise domain_error(error) from error
                metrics.RETRIES.inc()
                # After a restart of the database, all idle connections are dead, not only this one.
                self._pool.check()
        raise RowhouseError("unreachable")

    def _execute(
        self,
        connection: PooledConnection,
        query: LiteralString | sql.Composed,
        parameters: Parameters,
    ) -> psycopg.Cursor[TupleRow]:
        """Run a statement in its own transaction, with the settings that the code relies on."""
        if not connection.pins_transactions:
            return connection.execute(query, parameters)
        with connection.pipeline(), connection.transaction():
            connection.execute(PIN_TRANSACTION)
            return connection.execute(query, parameters)

    @contextlib.contextmanager
    def reading(self, begin: Callable[[Connection], None]) -> Iterator[Connection]:
        """Lend a connection of SQLAlchemy, on which `begin` has begun a transaction to read in."""
        with self.engine.connect() as connection:
            begin(connection)
            yield connection

    def _no_connection(self) -> TryAgain:
        """Return why there was no connection in time, according to the last attempt to connect."""
        message = f"no database connection within {self._wait:g} s"
        if (failure := self._login.failure) is not None:
            return TryAgain(f"{message}: {failure.message}", hint=failure.hint)
        return TryAgain(
            message,
            hint="The server is overloaded or PostgreSQL is unreachable. Repeat the call.",
        )

    def queue(
        self,
        kind: str,
        one: Callable[[Call], Answer],
        many: Callable[[Sequence[Call]], Sequence[Outcome[Answer]]],
    ) -> CombiningQueue[Call, Answer]:
        """Return the queue that batches calls of a kind; always the same one for this database."""
        queue = self._queues.get(kind)
        if queue is None:
            made = CombiningQueue(one, many, max_alone=max(1, self._pool.max_size // 2))
            queue = self._queues.setdefault(kind, made)
        return queue

    def connections(self) -> Connections:
        """Return the state of the connections."""
        now = self._pool.get_stats()
        idle = now.get("pool_available", 0)
        return Connections(
            most=self._pool.max_size,
            idle=idle,
            used=max(now.get("pool_size", 0) - idle, 0),
            waiters=now.get("requests_waiting", 0),
            waits=now.get("requests_queued", 0),
            wait_seconds=now.get("requests_wait_ms", 0) / 1000,
            timeouts=now.get("requests_errors", 0),
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()
        self.engine.dispose()


def _function(query: LiteralString | sql.Composed) -> str:
    return function_of(query) if isinstance(query, str) else "other"
