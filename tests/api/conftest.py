"""The API over the whole application, its database user with nothing but the role rowhouse_server."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from fixtures import databases
from rowhouse.app import create_app
from rowhouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.test import TestResponse

    from fixtures.databases import Database, PostgresServer

USER = "rowhouse_api_test"
LOGIN = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{USER}') THEN
        CREATE ROLE {USER} LOGIN IN ROLE rowhouse_server;
    END IF;
END $$
"""


@dataclass
class Api:
    """Calls of the API. Each answers with the document; one that is refused fails the test."""

    app: Flask

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """One request; `If_Match="…"` is a header."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body)
        if data is not None:
            given = {"Content-Type": "application/json"} | given
        return self.app.test_client().open(
            path if path.startswith("/") else f"/api/v1/{path}",
            method=method,
            data=data,
            headers=given,
        )

    def get(self, path: str) -> Any:
        return self._document(self.send("GET", path))

    def items(self, path: str) -> list[Any]:
        items: list[Any] = self.get(path)["items"]
        return items

    def post(self, path: str, **body: Any) -> Any:
        return self._document(self.send("POST", path, body))

    def patch(self, path: str, **body: Any) -> Any:
        return self._document(self.send("PATCH", path, body))

    def delete(self, path: str) -> None:
        response = self.send("DELETE", path)
        assert (response.status_code, response.data) == (204, b""), response.text

    def refused(
        self, status: int, method: str, path: str, body: Any = None, **headers: str
    ) -> dict[str, Any]:
        """The problem document of a request that is refused with this status."""
        response = self.send(method, path, body, **headers)
        assert response.status_code == status, response.text
        return problem(response)

    def pool(self, cidr: str = "10.0.0.0/24", **more: Any) -> Any:
        return self.post("pools", cidr=cidr, **more)

    def reserve(self, pool: Any, name: str = "printer", **more: Any) -> list[str]:
        """Reserve by hand; the addresses."""
        owner = {"name": name} | more.pop("owner", {})
        made = self.post("reservations", pool_id=pool["id"], owner=owner, **more)
        return [item["address"] for item in made["items"]]

    @staticmethod
    def _document(response: TestResponse) -> Any:
        assert response.status_code in {200, 201}, response.text
        assert response.mimetype == "application/json"
        return json.loads(response.data)


def problem(response: TestResponse) -> dict[str, Any]:
    """The problem document of a response."""
    assert response.mimetype == "application/problem+json", response.text
    document: dict[str, Any] = json.loads(response.data)
    assert document["status"] == response.status_code
    assert document["request_id"] == response.headers["X-Request-ID"]
    assert {"type", "title", "detail", "instance"} <= document.keys()
    assert "Traceback" not in response.text
    return document


@contextlib.contextmanager
def serving(database: Database, **settings: Any) -> Iterator[Api]:
    """The API on a database; without further settings every caller may do everything."""
    with databases.session(database) as dba:
        dba.execute(LOGIN)
    app = create_app(Settings(database_url=f"{database.url}&user={USER}", **settings))
    yield Api(app)
    app.extensions["rowhouse"].store.close()


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    """The API on a fresh database."""
    with serving(database) as running:
        yield running


@pytest.fixture(scope="session")
def refusing_api(postgres: PostgresServer, migrated: Database) -> Iterator[Api]:
    """The API on a database that stays empty, since every request is refused."""
    with postgres.database(template=migrated.name) as database, serving(database) as running:
        yield running
