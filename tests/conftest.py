"""Fixtures that every test may ask for."""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING

import hypothesis
import pytest

from fixtures import (
    capabilities,
    compiled_templates,
    databases,
    servers,
    thread_random,
    url_rules,
)
from fixtures.pods import Pods

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database, PostgresServer
    from fixtures.servers import Server
    from rowhouse.store.connection.database import Database as Store

pytest_plugins = ("fixtures.shared",)

thread_random.install()
url_rules.install()
compiled_templates.install()

# As Hypothesis' own profile for CI does: there, each run draws the same examples. Every other run draws new ones.
hypothesis.settings.register_profile(
    "rowhouse", deadline=None, print_blob=True, derandomize="CI" in os.environ
)
hypothesis.settings.load_profile("rowhouse")

# A shell that starts the suite in the background lets it ignore Ctrl-C, and so would all programs that it
# starts and sends one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    databases.add_options(parser)


def pytest_report_header(config: pytest.Config) -> str:
    where = config.getoption("--postgres-bindir") or "embedded"
    version = "" if where != "embedded" else f" {config.getoption('--postgres-version')}"
    return f"PostgreSQL: {where}{version}"


# What needs helm, kills programs or lets them wait, makes databases from nothing, or draws thousands of inputs:
# `make test-slow`, or by kind (`make test-chart`, …).
SLOW = (
    "tests/chart/",
    "tests/faults/",
    "tests/fuzz/",
    "tests/api/test_schemathesis",
    "tests/k8s/owners/test_guides.py",
    "tests/node/agent/test_bad_days.py",
    "tests/node/agent/test_faults.py",
    "tests/serve/test_slow_readers.py",
    "tests/test_demo.py",
    "tests/test_embedded",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
        if "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.database)


def pytest_collection_finish() -> None:
    # What is imported and collected stays to the end, and each full collection looked through all of it.
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    capabilities.require(item)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[PostgresServer]:
    """A PostgreSQL server for this test process."""
    with databases.postgres(pytestconfig) as running:
        yield running


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer) -> Iterator[Database]:
    """The migrated database that `database` clones; no session may stay connected to it."""
    from rowhouse.store.connection import schema  # noqa: PLC0415 - only tests with a schema pay for it

    with postgres.database() as template:
        schema.upgrade(template.url)
        databases.compact(template)
        yield template


@pytest.fixture
def database(postgres: PostgresServer, migrated: Database) -> Iterator[Database]:
    """A fresh database with the schema at head."""
    with postgres.database(template=migrated.name) as fresh:
        yield fresh


@pytest.fixture
def empty_database(postgres: PostgresServer) -> Iterator[Database]:
    """A fresh database without a schema."""
    with postgres.database() as fresh:
        yield fresh


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """The server's own access to `database`."""
    with databases.store(database) as opened:
        yield opened


@pytest.fixture
def pods(store: Store) -> Pods:
    """Pods that come and go in `database`."""
    return Pods(store)


@pytest.fixture
def dba(database: Database) -> Iterator[psycopg.Connection[TupleRow]]:
    """A superuser's session in `database`, autocommit, looking at the schema."""
    with databases.session(database) as connection:
        yield connection


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[Server]:
    """The real server, a process of its own, on `database`."""
    with servers.serving(tmp_path, environment={"ROWHOUSE_DATABASE_URL": database.url}) as running:
        yield running
