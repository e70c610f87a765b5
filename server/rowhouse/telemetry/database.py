"""What a scrape finds out: the fill of the pools by one query, and the state of the connections.

The query's cost is bounded: its answer is kept for some seconds, longer where it took long, so that
scrapes take a small share of one connection however many pools there are and whoever scrapes.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from rowhouse.domain.errors import RowhouseError
from rowhouse.store.inventory import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from rowhouse.store.connection.database import Database
    from rowhouse.store.inventory.fill import Fill

# An answer is kept for as many seconds, and for as many times as long as the query took.
KEPT_SECONDS: Final = 5.0
KEPT_TIMES: Final = 20


class DatabaseMetrics(Collector):
    """The metrics of one database. Safe to share between threads."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._up = False
        self._fill: Fill | None = None
        self._took = 0.0
        self._until = 0.0
        self._failures = 0

    def describe(self) -> list[Metric]:
        """Nothing: asking for the names must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All of them; without the pools where the database does not answer."""
        with self._lock:
            self._ask()
            up, found, took, failures = self._up, self._fill, self._took, self._failures
        yield GaugeMetricFamily(
            "rowhouse_database_up",
            "1 if the database took the last query for the pools' fill",
            value=int(up),
        )
        yield GaugeMetricFamily(
            "rowhouse_pool_query_duration_seconds",
            "How long the query for the pools' fill took",
            value=took,
        )
        yield CounterMetricFamily(
            "rowhouse_pool_query_failures_total",
            "Queries for the pools' fill that failed or took too long",
            value=failures,
        )
        yield from self._connections()
        if found is not None:
            yield from _pools(found)

    def _ask(self) -> None:
        began = time.monotonic()
        if began < self._until:
            return
        try:
            self._fill = fill.of_pools(self._store)
            self._up = True
        except RowhouseError as error:
            self._fill = None
            self._up = isinstance(error, fill.TookTooLong)
            self._failures += 1
        ended = time.monotonic()
        self._took = ended - began
        # A database out of reach has no work with it, and is to be found again soon.
        self._until = ended + max(KEPT_SECONDS, KEPT_TIMES * self._took if self._up else 0)

    def _connections(self) -> Iterator[Metric]:
        now = self._store.connections()
        states = GaugeMetricFamily(
            "rowhouse_database_connections", "Connections by state", labels=["state"]
        )
        states.add_metric(["idle"], now.idle)
        states.add_metric(["used"], now.used)
        yield states
        for name, text, now_value in (
            ("rowhouse_database_connections_max", "Connections that may be open", now.most),
            ("rowhouse_database_connection_waiters", "Calls that wait for one now", now.waiters),
        ):
            yield GaugeMetricFamily(name, text, value=now_value)
        for name, text, value in (
            ("rowhouse_database_connection_waits_total", "Calls that had to wait", now.waits),
            ("rowhouse_database_connection_wait_seconds_total", "Their waits", now.wait_seconds),
            ("rowhouse_database_connection_timeouts_total", "Those in vain", now.timeouts),
        ):
            yield CounterMetricFamily(name, text, value=float(value))


def _pools(found: Fill) -> Iterator[Metric]:
    addresses = GaugeMetricFamily(
        "rowhouse_pool_addresses",
        "Addresses of a pool by state; total is what it can give out",
        labels=["network", "pool", "state"],
    )
    for pool in found.pools:
        for state in (
            "total",
            "reserved",
            "reserved_by_overlaps",
            "free",
            "quarantined",
            "excluded",
        ):
            addresses.add_metric([pool.network, pool.cidr, state], getattr(pool, state))
    yield addresses
    stale = GaugeMetricFamily(
        "rowhouse_stale_reservations",
        "Reservations of pods that no sandbox uses, though they are not sticky, or past their time",
        labels=["network"],
    )
    for network, reservations in found.stale.items():
        stale.add_metric([network], reservations)
    yield stale
