"""Searches stay on their indexes, whatever else is in the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from fixtures import databases
from rowhouse.store.allocation import reservations
from rowhouse.store.history import audit, tenures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.databases import Database as Files
    from fixtures.databases import PostgresServer
    from rowhouse.store.connection.database import Database

NEW_YEAR = datetime(2020, 1, 1, tzinfo=UTC)
POPULATION = """
INSERT INTO networks (name) VALUES ('');
INSERT INTO pools (network_id, network_name, cidr)
SELECT id, '', c FROM networks, unnest('{10.0.0.0/16,10.1.0.0/16}'::cidr[]) c;
SELECT reserve_v1('load', '', id, NULL, 2000, 'pod', 'prod', 'ns' || id, 'pod', 'net1', NULL, '') FROM pools;
INSERT INTO attachments (cluster, container_id, interface, network_id, address, node)
SELECT 'prod', md5(host(address)), 'net1', network_id, address,
       'node' || abs(hashtext(host(address))) % 100 FROM reservations;
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason)
SELECT network_id, address, pool_id, tstzrange('2020-01-01'::timestamptz + step * interval '1 day',
                                               '2020-01-02'::timestamptz + step * interval '1 day'),
       'pod', 'prod', 'old', 'pod' || step, 'net1', 'node' || abs(hashtext(host(address))) % 100,
       md5(step || host(address)), 'load', 'SQL'
  FROM reservations, generate_series(0, 4) AS step;
ANALYZE networks, pools, reservations, attachments, tenures, audit_log;
"""


@pytest.fixture(scope="module")
def migrated(postgres: PostgresServer, migrated: Files) -> Iterator[Files]:
    """Filled once; each test has a copy."""
    with postgres.database(template=migrated.name) as filled:
        with databases.session(filled) as session:
            session.execute(POPULATION)
        yield filled


@pytest.fixture
def plans(store: Database) -> list[str]:
    """The plans of what `store` reads from now on."""
    made: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}", parameters)
            made.append("\n".join(line for (line,) in cursor.fetchall()))

    event.listen(store.engine, "before_cursor_execute", explain)
    return made


def test_every_search_of_reservations_is_on_an_index(store: Database, plans: list[str]) -> None:
    container = "d41d8cd98f00b204e9800998ecf8427e"
    for wanted in (
        reservations.Search(),
        reservations.Search(address="10.0.3.4"),
        reservations.Search(prefix="10.0.3.0/28"),
        reservations.Search(namespace="ns1", name="web-0"),
        reservations.Search(node="node7"),
        reservations.Search(container_id=container),
        reservations.Search(container_id=container, cluster="prod"),
        reservations.Search(mac="02:00:5e:00:53:01"),
        reservations.Search(labels={"site": "berlin"}),
        reservations.Search(network_id=1, pool_id=2, within="10.1.0.0/16"),
    ):
        reservations.search(store, wanted, after=None, limit=11)
        assert "Seq Scan on reservations" not in plans[-1], (wanted, plans[-1])
        assert "Seq Scan on attachments" not in plans[-1], (wanted, plans[-1])
    reservations.search(store, reservations.Search(), after=(1, "10.1.0.0"), limit=11)
    assert "Seq Scan on reservations" not in plans[-1], plans[-1]


def test_every_search_of_the_history_is_on_an_index(store: Database, plans: list[str]) -> None:
    for wanted in (
        tenures.Search(address="10.0.3.4"),
        tenures.Search(prefix="10.0.3.0/28"),
        tenures.Search(prefix="10.0.3.0/28", since=NEW_YEAR, until=NEW_YEAR + timedelta(days=1)),
        tenures.Search(namespace="old", name="pod3"),
        tenures.Search(node="node7", name="pod3"),
        tenures.Search(node="node7", at=NEW_YEAR),
        tenures.Search(node="node7", since=NEW_YEAR, until=NEW_YEAR + timedelta(hours=1)),
        tenures.Search(container_id="d41d8cd98f00b204e9800998ecf8427e"),
    ):
        tenures.search(store, wanted, after=None, limit=11)
        for table in ("tenures", "attachments", "reservations"):
            assert f"Seq Scan on {table}" not in plans[-1], (wanted, plans[-1])


def test_the_latest_audit_entries_are_read_from_the_index(
    store: Database, plans: list[str]
) -> None:
    for wanted in (audit.Search(), audit.Search(object="10.0.3.4")):
        found = audit.search(store, wanted, after=None, limit=11)
        assert "Seq Scan on audit_log" not in plans[-1], plans[-1]
        audit.search(store, wanted, after=(found[-1].at, found[-1].id), limit=11)
        assert "Seq Scan on audit_log" not in plans[-1], plans[-1]
