"""People at the pages of one application, on one database that is emptied for each of them.

A database and an application of one's own would be most of what these tests cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fixtures import databases
from rowhouse.app import create_app
from rowhouse.auth.static import digest, new_token
from rowhouse.domain.administration import PoolPlan
from rowhouse.domain.saved_views import TABLES
from rowhouse.ipam import pools
from rowhouse.settings import Settings
from rowhouse.store.access import tokens
from rowhouse.web.table import shown
from web.people.deeds import SOMEBODY
from web.people.person import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from fixtures.databases import Database, PostgresServer
    from rowhouse.store.connection.database import Database as Store
    from rowhouse.web.table import Shown, Table

# No trigger stands in the way, not even that of the audit log.
EMPTY = """
DO $$
BEGIN
    SET LOCAL session_replication_role = replica;
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('rowhouse.%I', tablename), ', ') || ' RESTART IDENTITY'
               FROM pg_tables WHERE schemaname = 'rowhouse' AND tablename <> 'alembic_version');
END $$
"""


@pytest.fixture(scope="session")
def kept_database(postgres: PostgresServer, migrated: Database) -> Iterator[Database]:
    with postgres.database(template=migrated.name) as made:
        yield made


@pytest.fixture(scope="session")
def kept_store(kept_database: Database) -> Iterator[Store]:
    with databases.store(kept_database) as opened:
        yield opened


@pytest.fixture(scope="session")
def kept_app(kept_database: Database) -> Iterator[Flask]:
    settings = Settings(
        database_url=kept_database.url, auth="required", caller_rate=0, failure_rate=0
    )
    made = create_app(settings)
    yield made
    made.extensions["rowhouse"].store.close()


@pytest.fixture
def database(kept_database: Database) -> Database:
    """With nothing in it."""
    with databases.session(kept_database) as dba:
        dba.execute(EMPTY)
    return kept_database


@pytest.fixture
def store(database: Database, kept_store: Store) -> Store:  # noqa: ARG001 - which is emptied first
    return kept_store


@pytest.fixture
def app(database: Database, kept_app: Flask) -> Flask:  # noqa: ARG001 - which is emptied first
    """Requires a token; failed attempts are not counted."""
    return kept_app


@pytest.fixture
def log_in(app: Flask, store: Store) -> Callable[[str], Person]:
    def log_in(role: str) -> Person:
        token = new_token()
        namespaces = ["shop"] if role == "team" else None
        tokens.create(
            store,
            name=f"ada-{role}",
            role=role,
            namespaces=namespaces,
            digest=digest(token),
            actor="test",
        )
        person = Person(app)
        assert person.log_in(token).status_code == 303
        return person

    return log_in


@pytest.fixture
def ada(log_in: Callable[[str], Person]) -> Person:
    """An operator."""
    return log_in("operator")


@pytest.fixture
def tables(
    log_in: Callable[[str], Person], app: Flask, pool: Any, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Table]:
    """The tables of all pages, as an administrator sees them, by name."""
    seen: dict[str, Table] = {}

    def noted(table: Table) -> Shown:
        seen[table.name] = table
        return shown(table)

    for view in app.view_functions.values():
        known = getattr(view, "__globals__", {})
        if known.get("shown") is shown:
            monkeypatch.setitem(known, "shown", noted)
    admin = log_in("admin")
    paths = [table.path for table in TABLES.values() if table.path]
    for path in (
        *paths,
        *(f"/pools/{pool.id}/{part}" for part in ("addresses", "history", "audit")),
    ):
        assert admin.get(path).status_code == 200, path
    assert set(seen) == set(TABLES)
    return seen


@pytest.fixture
def pool(store: Store) -> Any:
    return pools.create_pool(store, PoolPlan(cidr="10.0.0.0/24", name="storage"), "", SOMEBODY)
