"""A team beside another namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auth.teams.seed import seed
from fixtures import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from auth.conftest import Service
    from fixtures.databases import Database
    from fixtures.servers import Server


@pytest.fixture
def shared(service: Callable[..., Service]) -> Service:
    """The application without access control, on a database that is shared by a team and another namespace."""
    seeding = service(auth="off")
    seed(seeding)
    return seeding


@pytest.fixture
def team(
    shared: Service,  # noqa: ARG001 - what the database has
    service: Callable[..., Service],
    make_token: Callable[..., str],
) -> tuple[Service, str]:
    """The application with access control, and the token of the team `shop`."""
    required = service(auth="required", caller_rate=0, failure_rate=0)
    token = make_token("team", namespaces=["shop"])
    view = {"table": "pods", "name": "web", "query": "q=web"}
    # Another application, so that a test can still add views to the first one.
    saving = service(auth="required", caller_rate=0)
    assert saving.ask("POST", "/api/v1/views", token, json=view).status_code == 201
    return required, token


@pytest.fixture
def server(shared: Service, database: Database, tmp_path: Path) -> Iterator[Server]:  # noqa: ARG001 - what the database has
    """A server with access control, on that database."""
    environment = {"ROWHOUSE_DATABASE_URL": database.url, "ROWHOUSE_AUTH": "required"}
    with servers.serving(tmp_path, environment=environment) as running:
        yield running
