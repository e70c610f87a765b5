"""The application with access configured, and callers with tokens."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from auth.issuer import ISSUER, ApiServer
from rowhouse.app import create_app
from rowhouse.auth.static import digest, new_token
from rowhouse.settings import Settings
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from werkzeug.test import TestResponse

    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store

NETWORK = {
    "cniVersion": "1.1.0",
    "name": "mynet",
    "type": "ipvlan",
    "ipam": {"type": "rowhouse", "range": "10.0.0.0/24"},
}


@pytest.fixture(autouse=True)
def plain_tracebacks() -> Iterator[None]:
    """Without them, structlog prints the variables of every frame, which takes seconds for one error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.set_exc_info,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    )
    yield
    structlog.reset_defaults()


@dataclass(frozen=True)
class Service:
    """The application; `token` is what a caller presents, None for nothing."""

    app: Flask

    def get(self, path: str, token: str | None = None, **more: Any) -> TestResponse:
        return self.ask("GET", path, token, **more)

    def ask(self, method: str, path: str, token: str | None = None, **more: Any) -> TestResponse:
        headers = {**more.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.app.test_client().open(path, method=method, headers=headers, **more)

    def status(self, method: str, path: str, token: str | None) -> int:
        with self.ask(method, path, token) as answer:
            return answer.status_code

    def cni(
        self,
        command: str,
        token: str | None,
        *,
        container: str = "c1",
        pod: str = "web-0",
        node: str | None = None,
        cluster: str | None = None,
        more: dict[str, Any] | None = None,
    ) -> TestResponse:
        """A CNI call as the plugin forwards it; `more` keys of the configuration."""
        headers = {
            "CNI-Command": command,
            "CNI-ContainerID": container,
            "CNI-NetNS": "/run/netns/x",
            "CNI-IfName": "net1",
            "CNI-Args": f"K8S_POD_NAMESPACE=default;K8S_POD_NAME={pod}",
        }
        if node is not None:
            headers["Rowhouse-Node"] = node
        if cluster is not None:
            headers["Rowhouse-Cluster"] = cluster
        body = json.dumps({**NETWORK, **(more or {})})
        return self.ask("POST", "/cni", token, data=body, headers=headers)


@pytest.fixture
def service(database: Database) -> Iterator[Callable[..., Service]]:
    """Make the application with these settings on `database`."""
    with contextlib.ExitStack() as stack:

        def make(**settings: Any) -> Service:
            app = create_app(Settings(database_url=database.url, **settings))
            stack.callback(app.extensions["rowhouse"].store.close)
            return Service(app)

        yield make


@pytest.fixture
def make_token(store: Store) -> Callable[..., str]:
    """A token with that role, in the database."""

    def make(role: str, *, name: str = "", **more: Any) -> str:
        token = new_token()
        tokens.create(
            store, name=name or role, role=role, digest=digest(token), actor="test", **more
        )
        return token

    return make


@pytest.fixture
def api_server() -> Iterator[ApiServer]:
    with ApiServer() as running:
        yield running


@pytest.fixture
def trusting(service: Callable[..., Service], api_server: ApiServer) -> Service:
    """The application that trusts one cluster by the keys of its API server."""
    return service(jwks=api_server.url + "/openid/v1/jwks", jwt_issuer=ISSUER, cluster="prod-a")
