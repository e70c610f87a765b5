"""The pages, asked within this process by people with tokens: no browser and no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rowhouse.app import create_app
from rowhouse.auth.static import digest, new_token
from rowhouse.settings import Settings
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store


@pytest.fixture
def app(database: Database) -> Iterator[Flask]:
    """The application, which requires a token."""
    made = create_app(Settings(database_url=database.url, auth="required"))
    yield made
    made.extensions["rowhouse"].store.close()


@pytest.fixture
def browser(app: Flask, store: Store) -> Callable[..., FlaskClient]:
    """A client that reads pages with a role."""

    def of_role(role: str = "viewer") -> FlaskClient:
        token = new_token()
        tokens.create(store, name=f"a {role}", role=role, digest=digest(token), actor="test")
        client = app.test_client()
        client.environ_base["HTTP_ACCEPT"] = "text/html,*/*;q=0.8"
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return of_role
