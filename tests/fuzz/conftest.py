"""The application in this process, on an empty database: a server would take as long again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import structlog

from rowhouse.app import create_app
from rowhouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from fixtures.wiping import SharedDatabase


@pytest.fixture
def database(shared_database: SharedDatabase) -> Iterator[SharedDatabase]:
    """A database with one pool, which has a name; it keeps its promises to the end of the test."""
    shared_database.wipe()
    shared_database.rows("SELECT ensure_pool('', '10.0.0.0/16', false)")
    shared_database.rows("UPDATE pools SET name = 'named', reuse_delay = '1 ms'")
    yield shared_database
    assert shared_database.problems() == []
    assert shared_database.rows("SELECT FROM reservations WHERE owner_name = ''") == []


@pytest.fixture
def app(database: SharedDatabase) -> Iterator[Flask]:
    """The application; it logs nothing, since ten thousand calls would drown a failure."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    made = create_app(Settings(database_url=database.url, pool_size=2))
    yield made
    made.extensions["rowhouse"].store.close()
    structlog.reset_defaults()
