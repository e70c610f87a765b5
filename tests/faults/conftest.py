"""Databases for experiments: a clone for those without processes, a cluster of its own for the others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from faults import service
from faults.experiments import Laboratory
from faults.postgres import installation
from fixtures import databases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.store.connection.database import Database as Store

CLIENTS = 8


@pytest.fixture(scope="session")
def seed() -> str:
    """The seed of all dice: ROWHOUSE_FAULTS_SEED, or 1. Every report and every failure names it."""
    return os.environ.get("ROWHOUSE_FAULTS_SEED", "1")


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory, seed: str) -> Iterator[Laboratory]:
    with installation() as installed:
        yield Laboratory(
            installed=installed,
            template=service.new_database(installed),
            folder=tmp_path_factory.mktemp("laboratory"),
            seed=seed,
        )


@pytest.fixture
def crowd(database: databases.Database) -> Iterator[Store]:
    """The server's own access to `database`, with a connection for each client."""
    with databases.store(database, connections=CLIENTS) as opened:
        yield opened
