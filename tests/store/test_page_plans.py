"""What the pages read stays on its indexes, however large the tables."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import sql
from sqlalchemy import event

from fixtures import databases
from rowhouse.store.inventory import address_map, lookup, lookup_text, occupancy, quotas, trends
from store.test_search_plans import POPULATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database as Files
    from fixtures.databases import PostgresServer
    from rowhouse.store.connection.database import Database

LARGE = ("reservations", "attachments", "tenures", "fill_samples", "free_ranges")
SAMPLES = """
INSERT INTO fill_samples SELECT p.id, now() - step * interval '15 minutes', step
  FROM pools p, generate_series(1, 3000) AS step;
ANALYZE fill_samples;
"""


@pytest.fixture(scope="module")
def migrated(postgres: PostgresServer, migrated: Files) -> Iterator[Files]:
    """Filled once; each test has a copy."""
    with postgres.database(template=migrated.name) as filled:
        with databases.session(filled) as session:
            session.execute(POPULATION)
            session.execute(SAMPLES)
        yield filled


@pytest.fixture
def plans(store: Database) -> list[str]:
    """The plans of what `store` reads from now on."""
    made: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "statement_timeout" in statement:
            return  # the time limit of the read that follows
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}", parameters)
            made.append("\n".join(line for (line,) in cursor.fetchall()))

    event.listen(store.engine, "before_cursor_execute", explain)
    return made


def test_no_page_reads_a_whole_table(store: Database, plans: list[str]) -> None:
    address_map.held(store, 1, "10.0.0.0", "10.0.0.255")
    address_map.bounds(store, 1, "10.0.0.0", "10.0.255.255")
    address_map.quarantined(store, 1, "10.0.0.0", "10.0.255.255")
    lookup.networks_of(store, "10.0.3.4")
    lookup_text.owners(store, None, "web-0", limit=50)
    lookup_text.owners(store, "ns1", "web-0", limit=50)
    lookup_text.nodes(store, "node7", limit=50)
    lookup_text.namespaces(store, "ns", limit=50)
    lookup_text.held(store, [("10.0.0.0", "10.0.255.255")], limit=50)
    lookup_text.once_held(store, [("10.0.0.0", "10.0.255.255")], limit=50)
    lookup.past_containers(store, "d41d8cd98f00" * 5)
    lookup.containers(store, "d41d8cd98f00")
    trends.samples(store, 1, datetime.now(UTC) - timedelta(days=1), timedelta(minutes=15))
    assert len(plans) == 13
    for plan in plans:
        for table in LARGE:
            assert f"Seq Scan on {table}" not in plan, plan


def test_the_attachments_of_a_node_are_found_by_indexes(
    database: Files, store: Database, dba: psycopg.Connection[TupleRow], plans: list[str]
) -> None:
    # So few rows are read as a whole, unless that is to be avoided.
    dba.execute(
        sql.SQL("ALTER DATABASE {} SET enable_seqscan = off").format(sql.Identifier(database.name))
    )
    store.engine.dispose()
    lookup.on_node(store, "node7", None, limit=11)
    assert "attachments_node" in plans[-1]
    assert "Seq Scan on reservations" not in plans[-1], plans[-1]


def test_the_fill_of_pools_is_the_count_of_pools(store: Database) -> None:
    (network,) = {pool.network_id for pool in occupancy.fill_of_pools(store)}
    assert len(occupancy.fill_of_pools(store, network_id=network)) == 2
    assert occupancy.fill_of_pools(store, network_id=network + 1) == []
    assert occupancy.reserved_of_networks(store) == {network: 4000}
    for pool in occupancy.of_pools(store):
        (fill,) = occupancy.fill_of_pools(store, [pool.id])
        counts = ("total", "used", "quarantined", "excluded", "free")
        assert [getattr(fill, one) for one in counts] == [getattr(pool, one) for one in counts]


def test_quotas_count_the_reservations_once_however_many_there_are(
    store: Database, dba: psycopg.Connection[TupleRow], plans: list[str]
) -> None:
    dba.execute("INSERT INTO quotas (namespace, pool_id, addresses) VALUES ('ns1', NULL, 9000)")
    dba.execute(
        "INSERT INTO quotas (namespace, pool_id, addresses) SELECT 'ns1', id, 10 FROM pools"
    )
    found = quotas.search(store, namespace=None, pool_id=None, after=0, limit=100)
    assert [(row.pool, row.in_use) for row in found] == [
        (None, 2000),
        ("10.0.0.0/16", 2000),
        ("10.1.0.0/16", 0),
    ]
    (plan,) = plans
    assert len(re.findall(r"Scan.* on reservations", plan)) == 1, plan
    assert "SubPlan" not in plan, plan
