"""Read the pools for the mirror, and learn of changes; on a separate connection, with a lock.

The lock lasts as long as the connection. Only its holder takes marks out of the outbox, because a mark that is taken
but not handled would be a missed change. The lock and LISTEN do not work through PgBouncer in transaction mode.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, LiteralString, Self

import psycopg
from psycopg.types.json import Jsonb

from rowhouse.store.connection.errors import domain_error
from rowhouse.store.connection.opening import connect
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from types import TracebackType

    from psycopg.rows import TupleRow

    from rowhouse.store.connection.data_source import Source
    from rowhouse.store.connection.database import Parameters

PAGE: Final = 5000
EVERYTHING: Final = 0
"""Not the id of a pool: this mark means all pools."""

LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended('rowhouse mirror of ' || %s, 0))"
ON: Final = "SELECT rowhouse.mirror_on_v1(%s, %s)"
OFF: Final = "SELECT rowhouse.mirror_off_v1(%s)"
LISTEN: Final = "LISTEN rowhouse_mirror"
CHANGES: Final = (
    "SELECT pool_id, extract(epoch FROM age)::float8 FROM rowhouse.mirror_changes_v1(%s)"
)
WRITERS: Final = "SELECT * FROM rowhouse.mirror_writers_v1()"
AGAIN: Final = "SELECT rowhouse.mirror_again_v1(%s)"
REPORT: Final = "SELECT rowhouse.mirror_report_v1(%s, %s)"
POOLS: Final = "SELECT pool_id, network, cidr::text, isolated FROM rowhouse.mirrored_pools_v1()"
SLICES: Final = statement(__name__, "node_slices")
CNI_NETWORKS: Final = statement(__name__, "cni_networks_of_pool")
ADDRESSES: Final = statement(__name__, "mirrored_addresses")
UNKNOWN: Final = "SELECT host(address), holder FROM rowhouse.mirror_unknown_v1(%s, %s::inet[], %s)"
MIRRORS: Final = statement(__name__, "mirrors")


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool; `isolated`: its addresses are unique only within the pool. CIDR as text."""

    id: int
    network: str
    cidr: str
    isolated: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a pool that belongs to a node; `is_own`: the node is in this cluster. CIDR as text."""

    pool_id: int
    node: str
    cidr: str
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class Held:
    """An address in use; `own`: a pod of this cluster holds it."""

    address: str
    own: bool
    container_id: str
    namespace: str
    name: str
    interface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The pools that changed since the last call; `age` of the oldest change in seconds."""

    pools: set[int] = field(default_factory=set)
    everything: bool = False
    age: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A cluster with a mirror, and its controller's last report; `waiting`: number of pools in the outbox."""

    cluster: str
    namespace: str
    since: datetime
    reported_at: datetime | None
    reported_ago: float | None
    report: dict[str, Any]
    waiting: int


class MirrorStore:
    """The mirror's connection. A context manager; every method raises TryAgain, NotReady.

    Args:
        source: where the database is, not through PgBouncer in transaction mode.
        cluster: the cluster of this mirror.
    """

    def __init__(self, source: Source, cluster: str) -> None:
        self.cluster = cluster
        self._session: psycopg.Connection[TupleRow] = connect(source)
        self._session.autocommit = True

    def is_ours(self) -> bool:
        """Try to take the lock of this cluster's mirror, which then lasts as long as the connection."""
        return bool(self._rows(LOCK, (self.cluster,))[0][0])

    def check(self) -> None:
        """Check that the connection, and thus the lock, still exists."""
        self._rows("SELECT")

    def turn_on(self, namespace: str) -> None:
        """Start recording changes for this cluster, and listen for them. Read the earlier state after this call."""
        self._rows(ON, (self.cluster, namespace))
        self._rows(LISTEN)

    def turn_off(self) -> bool:
        """Stop recording changes; return whether they were recorded."""
        return bool(self._rows(OFF, (self.cluster,))[0][0])

    def changes(self) -> Changes:
        """Take the marks out of the outbox.

        Call `writers` after this and before reading the pools: a transaction in progress may rely on a mark that this
        call removed.
        """
        rows = self._rows(CHANGES, (self.cluster,))
        pools = {pool for pool, _ in rows}
        return Changes(
            pools=pools - {EVERYTHING},
            everything=EVERYTHING in pools,
            age=max((age for _, age in rows), default=0.0),
        )

    def writers(self) -> frozenset[str]:
        """Return the transactions in progress that may have changed mirrored rows."""
        return frozenset(row[0] for row in self._rows(WRITERS))

    def ask_for_everything(self) -> None:
        """Ask the running mirror to compare everything."""
        self._rows(AGAIN, (self.cluster,))

    def was_woken(self, seconds: float) -> bool:
        """Wait for a change for at most this many seconds; return whether there is one."""
        with _domain_errors():
            return any(True for _ in self._session.notifies(timeout=seconds, stop_after=1))

    def report(self, report: dict[str, Any]) -> None:
        """Store what `rowhouse mirror status` shows."""
        self._rows(REPORT, (self.cluster, Jsonb(report)))

    def pools(self) -> list[Pool]:
        """Return all pools of all networks."""
        return [Pool(*row) for row in self._rows(POOLS)]

    def slices(self) -> list[Slice]:
        """Return the slices of all nodes, lowest first in each pool."""
        return [Slice(*row) for row in self._rows(SLICES, {"cluster": self.cluster})]

    def cni_networks(self, pool: int) -> set[str]:
        """Return the names of the CNI networks whose sandboxes use a pool in this cluster now."""
        return {row[0] for row in self._rows(CNI_NETWORKS, {"pool": pool, "cluster": self.cluster})}

    def addresses(self, pool: int) -> Iterator[Held]:
        """Yield the addresses of a pool that are in use, lowest first. Reads in pages."""
        after = None
        while True:
            parameters = {"pool": pool, "cluster": self.cluster, "after": after, "limit": PAGE}
            rows = self._rows(ADDRESSES, parameters)
            yield from (Held(*row) for row in rows)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def unknown(self, network: str, holders: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the pairs (address, "namespace/name") that the history of a network does not contain.

        An empty name matches any pod.
        """
        found: list[tuple[str, str]] = []
        for start in range(0, len(holders), PAGE):
            part = holders[start : start + PAGE]
            addresses = [address for address, _ in part]
            rows = self._rows(UNKNOWN, (network, addresses, [holder for _, holder in part]))
            found += [(address, holder) for address, holder in rows]
        return found

    def registered(self) -> list[Registered]:
        """Return all clusters with a mirror."""
        names = (
            "cluster",
            "namespace",
            "since",
            "reported_at",
            "reported_ago",
            "report",
            "waiting",
        )
        return [Registered(**dict(zip(names, row, strict=True))) for row in self._rows(MIRRORS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def _rows(self, query: LiteralString, parameters: Parameters = ()) -> list[TupleRow]:
        with _domain_errors():
            cursor = self._session.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def _domain_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise domain_error(error) from error
