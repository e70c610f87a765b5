"""Everything that the OpenAPI document allows, and what it does not: no crash, no undocumented answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api.conftest import serving
from fixtures.api_document import document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.databases import Database, PostgresServer

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]


@pytest.fixture(scope="module")
def described(postgres: PostgresServer, migrated: Database) -> Iterator[Any]:
    """The API by its document, with something in it."""
    with postgres.database(template=migrated.name) as database, serving(database) as api:
        for cidr in ("10.0.0.0/24", "fd00::/64"):
            api.reserve(api.pool(cidr, gateway=None), count=3)
        api.post("exclusions", network_id=1, first="10.0.0.200", last="10.0.0.210")
        api.post("quotas", namespace="shop", addresses=5)
        yield schemathesis.openapi.from_wsgi("/openapi.json", api.app)


OPERATIONS = [(method, path) for path, methods in document()["paths"].items() for method in methods]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda value: value)
def test_every_operation_keeps_to_the_document(
    described: Any, method: str, path: str, mode: GenerationMode
) -> None:
    operation = described[path][method]

    @hypothesis.settings(
        max_examples=8, suppress_health_check=list(hypothesis.HealthCheck), database=None
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    ask()
