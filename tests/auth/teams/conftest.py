"""A team beside another namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auth.teams.seed import seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth.conftest import Service
    from rowhouse.store.connection.database import Database as Store


@pytest.fixture
def shared(service: Callable[..., Service], store: Store) -> Service:
    """The application without access control, on a database that is shared by a team and another namespace."""
    seeding = service(auth="off")
    seed(seeding, store)
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
