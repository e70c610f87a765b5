"""Metrics computed on each scrape: the fill of the pools, the reports of nodes, and the state of the connections.

The cost of the queries is bounded: their results are cached for some seconds, longer if they took long. So scrapes use
a small share of one connection, for any number of pools, nodes and scrapers.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from prometheus_client.registry import Collector

from rowhouse import metrics
from rowhouse.domain.errors import RowhouseError
from rowhouse.store.cluster import nodes
from rowhouse.store.inventory import fill
from rowhouse.telemetry.nodes import node_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.core import Metric

    from rowhouse.store.cluster.nodes import NodeSummary
    from rowhouse.store.connection.database import Database
    from rowhouse.store.inventory.fill import Fill

# A result is cached for this many seconds, or for this many times the duration of the query if that is longer.
KEPT_SECONDS: Final = 5.0
KEPT_TIMES: Final = 20


class DatabaseMetrics(Collector):
    """The metrics of one database. Safe to share between threads."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._up = False
        self._fill: Fill | None = None
        self._nodes: Sequence[NodeSummary] = ()
        self._took = 0.0
        self._until = 0.0
        self._failures = 0

    def describe(self) -> list[Metric]:
        """Return nothing: registering the collector must not query the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return all metrics, without those of pools if the database does not answer."""
        with self._lock:
            self._ask()
            up, found, took, failures = self._up, self._fill, self._took, self._failures
            reporting = self._nodes
        yield metrics.DATABASE_UP.gauge(int(up))
        yield metrics.POOL_QUERY_DURATION.gauge(took)
        yield metrics.POOL_QUERY_FAILURES.counter(failures)
        yield from self._connections()
        if found is not None:
            yield from _pools(found)
        yield from node_metrics(reporting)

    def _ask(self) -> None:
        began = time.monotonic()
        if began < self._until:
            return
        try:
            self._nodes = ()
            self._fill = fill.of_pools(self._store)
            self._up = True
        except RowhouseError as error:
            self._fill = None
            self._up = isinstance(error, fill.TookTooLong)
            self._failures += 1
        self._took = time.monotonic() - began
        if self._up:
            self._nodes = self._reporting()
        ended = time.monotonic()
        # Do not cache for an unreachable database: it has no load from this, and its return should be noticed soon.
        self._until = ended + max(KEPT_SECONDS, KEPT_TIMES * (ended - began) if self._up else 0)

    def _reporting(self) -> Sequence[NodeSummary]:
        try:
            return nodes.summary(self._store)
        except RowhouseError:
            return ()

    def _connections(self) -> Iterator[Metric]:
        now = self._store.connections()
        states = metrics.CONNECTIONS.gauge()
        states.add_metric(["idle"], now.idle)
        states.add_metric(["used"], now.used)
        yield states
        yield metrics.CONNECTIONS_MAX.gauge(now.most)
        yield metrics.CONNECTION_WAITERS.gauge(now.waiters)
        yield metrics.CONNECTION_WAITS.counter(now.waits)
        yield metrics.CONNECTION_WAIT_SECONDS.counter(now.wait_seconds)
        yield metrics.CONNECTION_TIMEOUTS.counter(now.timeouts)


def _pools(found: Fill) -> Iterator[Metric]:
    addresses = metrics.POOL_ADDRESSES.gauge()
    for pool in found.pools:
        for state in (
            "total",
            "used",
            "reserved",
            "reserved_by_overlaps",
            "free",
            "quarantined",
            "excluded",
        ):
            addresses.add_metric([pool.network, pool.cidr, state], float(getattr(pool, state)))
    yield addresses
    stale = metrics.STALE_RESERVATIONS.gauge()
    for network, reservations in found.stale.items():
        stale.add_metric([network], reservations)
    yield stale
