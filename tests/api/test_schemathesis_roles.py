"""The document once more, by callers of each role: what they may not do is refused as it says, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode

from api.conftest import serving
from api.test_schemathesis import CHECKS, OPERATIONS
from fixtures import databases
from rowhouse.auth.static import digest, new_token
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.databases import Database, PostgresServer

ROLES = ("nobody", "node", "viewer", "operator")
ADMINISTRATORS = {
    ("delete", "/api/v1/networks/{network_id}"),
    ("delete", "/api/v1/pools/{pool_id}"),
    ("post", "/api/v1/quotas"),
    ("patch", "/api/v1/quotas/{quota_id}"),
    ("delete", "/api/v1/quotas/{quota_id}"),
}
KEPT = ("networks", "pools", "reservations", "exclusions", "quotas")


@dataclass(frozen=True)
class Described:
    """The API by its document, on a database with something in it; headers by role."""

    schema: Any
    database: Database
    headers: dict[str, dict[str, str]]

    def rows(self) -> dict[str, list[str]]:
        """All that callers can change."""
        with databases.session(self.database) as dba:
            return {
                table: [row[0] for row in dba.execute(f"SELECT t::text FROM {table} t ORDER BY 1")]
                for table in KEPT
            }


@pytest.fixture(scope="module")
def described(postgres: PostgresServer, migrated: Database) -> Iterator[Described]:
    with postgres.database(template=migrated.name) as database:
        with serving(database) as api:
            for cidr in ("10.0.0.0/24", "fd00::/64"):
                api.reserve(api.pool(cidr, gateway=None), count=3)
            api.post("exclusions", network_id=1, first="10.0.0.200", last="10.0.0.210")
            api.post("quotas", namespace="shop", addresses=5)
        headers: dict[str, dict[str, str]] = {"nobody": {}}
        with databases.store(database) as store:
            for role in ROLES[1:]:
                token = new_token()
                tokens.create(store, name=role, role=role, digest=digest(token), actor="test")
                headers[role] = {"Authorization": f"Bearer {token}"}
        unlimited = {"caller_rate": 0, "failure_rate": 0, "node_rate": 0}
        with serving(database, auth="required", **unlimited) as api:
            schema = schemathesis.openapi.from_wsgi("/openapi.json", api.app)
            yield Described(schema, database, headers)


PERSONAL = {"/api/v1/views", "/api/v1/views/{view_id}"}
"""What each caller has for itself: viewers may write it too. That of others, and sharing, may be refused."""


def refusal(role: str, method: str, path: str) -> int | None:
    """With what all calls of a role are refused, if they are."""
    if role == "nobody":
        return 401
    may_read = role in {"viewer", "operator"}
    may_write = role == "operator" or (may_read and path in PERSONAL)
    allowed = may_read if method == "get" else may_write and (method, path) not in ADMINISTRATORS
    return None if allowed else 403


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda value: value)
def test_every_operation_keeps_to_the_document_for_each_role(
    described: Described, method: str, path: str, role: str
) -> None:
    operation = described.schema[path][method]
    refused = refusal(role, method, path)
    before = described.rows() if refused else {}

    @hypothesis.settings(
        max_examples=3, suppress_health_check=list(hypothesis.HealthCheck), database=None
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def ask(case: schemathesis.Case[Any]) -> None:
        answer = case.call(headers=described.headers[role])
        case.validate_response(answer, checks=CHECKS)
        if refused:
            assert answer.status_code == refused
        else:
            assert answer.status_code not in {401} | (set() if path in PERSONAL else {403})

    ask()
    if refused:
        assert described.rows() == before
