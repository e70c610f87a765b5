"""What the tests of the store have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    from fixtures.databases import Database, PostgresServer

LARGE = Path(__file__).with_name("large.sql")


@pytest.fixture(scope="module")
def large(postgres: PostgresServer, migrated: Database) -> Iterator[psycopg.Connection[TupleRow]]:
    """A session in a large database; every test undoes what it did."""
    with (
        postgres.database(template=migrated.name) as fresh,
        psycopg.connect(fresh.conninfo, options="-c search_path=rowhouse") as session,
    ):
        session.execute(LARGE.read_bytes())
        session.commit()
        yield session
