"""What every operation has in common: problems, limits, idempotency, roles, the document."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import validate

from api.conftest import problem
from fixtures.api_document import document
from rowhouse.api import openapi
from rowhouse.api.operation import BASE
from rowhouse.api.operations import OPERATIONS
from rowhouse.store.allocation import reservations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg
    from psycopg.rows import TupleRow
    from werkzeug.test import TestResponse

    from api.conftest import Api

SMALL = "10.0.0.0/29"
COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
REFERENCE = COMMITTED.with_name("api.md")


def test_what_does_not_exist_is_a_problem_too(refusing_api: Api) -> None:
    for path in ("/api/v1/nothing", "/api/v2/pools", "pools/0", "pools/x", f"pools/{2**31}"):
        refused = refusing_api.refused(404, "GET", path)
        assert refused["type"] == "urn:rowhouse:problem:not-found"
        assert "code" not in refused  # CNI has none for it
    refusing_api.refused(404, "GET", "pools/1")
    wrong_method = refusing_api.send("PUT", "pools", {})
    assert problem(wrong_method)["title"] == "Method Not Allowed"
    assert (wrong_method.status_code, set(wrong_method.headers["Allow"].split(", "))) == (
        405,
        {"GET", "HEAD", "POST"},
    )


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"cidr": ' + b'{"a":' * 50_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
        (b'{"cidr": "' + b"1" * 1_100_000 + b'"}', "application/json", 413),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"cidr": "10.0.0.0/24", "id": 7}', "application/json", 422),
        (b'{"cidr": "10.0.0.0/24", "version": 7}', "application/json", 422),
        (b'{"cidr": "10.0.0.0/24", "drained": "yes"}', "application/json", 422),
        (b'{"cidr": "10.0.0.0/24", "reuse_delay": NaN}', "application/json", 422),
        (b'{"cidr": "10.0.0.0/24", "reuse_delay": 1e300}', "application/json", 422),
        (b'{"cidr": "10.0.0.0/24", "name": "a\\u0000b"}', "application/json", 422),
        (b'{"cidr": "::ffff:10.0.0.0/120"}', "application/json", 422),
        (b'{"cidr": "10.0.0.0/24", "reuse_delay": 1' + b"0" * 5000 + b"}", "application/json", 400),
        (b'{"cidr": "10.0.0.0/24", "name": "\\ud800"}', "application/json", 400),
    ],
)
def test_an_unusable_body_is_refused(
    refusing_api: Api, body: bytes, content_type: str, status: int
) -> None:
    client = refusing_api.app.test_client()
    response = client.post("/api/v1/pools", data=body, content_type=content_type)
    assert response.status_code == status, response.text[:500]
    problem(response)
    assert refusing_api.items("pools") == []


def test_each_wrong_value_is_named_by_its_place(refusing_api: Api) -> None:
    wrong = {"pool_id": "1", "owner": {"name": "", "admin": True}, "addresses": ["10.0.0.999"]}
    refused = refusing_api.refused(422, "POST", "reservations", wrong)
    assert {error["pointer"] for error in refused["errors"]} == {
        "/pool_id",
        "/owner/name",
        "/owner/admin",
        "/addresses/0",
    }


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=1&limit=2",
        "limit=x",
        "sort=name",
        "cursor=%00",
        "cursor=e30=",
    ],
)
def test_an_unusable_query_is_refused(refusing_api: Api, query: str) -> None:
    [error] = refusing_api.refused(422, "GET", f"pools?{query}")["errors"]
    assert error["pointer"].startswith("/query/")


@pytest.mark.parametrize("moment", ["1767225600", "2026-01-01", "now", "2026-01-01T00:00:00"])
def test_a_moment_is_rfc_3339(refusing_api: Api, moment: str) -> None:
    refusing_api.refused(422, "GET", f"history?address=10.0.0.1&at={moment}")


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE rowhouse.pools; --", "%s", "\\", "$1", "{}", "ü🦉"]
)
def test_text_is_only_text(api: Api, text: str) -> None:
    pool = api.pool(network=text, description=text, labels={text: text})
    assert api.items("pools") == [pool]
    owner = {"kind": "pod", "namespace": text[:63], "cluster": text, "interface": "net1"}
    api.reserve(pool, text, owner=owner, description=text)
    for search in ("reservations?name=", "history?namespace=", "audit?actor=", "pools?name="):
        response = api.app.test_client().get(f"/api/v1/{search}", query_string=None)
        assert response.status_code in {200, 422}
    answer = api.app.test_client().get("/api/v1/reservations", query_string={"name": text})
    [held] = json.loads(answer.data)["items"]
    assert (held["owner"]["name"], held["network"], held["description"]) == (text, text, text)


def test_a_request_repeated_with_its_key_is_served_once(api: Api) -> None:
    pool = api.pool(SMALL)
    body = {"pool_id": pool["id"], "owner": {"name": "x"}}
    first = api.send("POST", "reservations", body, Idempotency_Key="k-1")
    again = api.send("POST", "reservations", body, Idempotency_Key="k-1")
    assert (first.status_code, again.status_code, first.data) == (201, 201, again.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert again.mimetype == "application/json"
    assert len(api.items("reservations")) == 1
    other = api.send("POST", "reservations", body, Idempotency_Key="k-2")
    assert other.data != first.data
    reused = api.refused(422, "POST", "reservations", body | {"count": 2}, Idempotency_Key="k-1")
    assert reused["type"] == "urn:rowhouse:problem:idempotency-key-reused"
    for unusable in ("", "x" * 256):
        api.refused(422, "POST", "reservations", body, Idempotency_Key=unusable)


def test_of_two_requests_with_one_key_at_once_one_is_served(api: Api) -> None:
    pool = api.pool(SMALL)
    body = {"pool_id": pool["id"], "owner": {"name": "x"}}
    answers = at_once([lambda: api.send("POST", "reservations", body, Idempotency_Key="k")] * 6)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1
    assert len(api.items("reservations")) == 1


def test_of_two_changes_of_one_version_at_once_one_wins(api: Api) -> None:
    path = f"pools/{api.pool()['id']}"
    changes = [{"description": text} for text in "abcdef"]
    answers = at_once([partial(api.send, "PATCH", path, one, If_Match='"1"') for one in changes])
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 5]
    assert api.get(path)["version"] == 2


def test_changes_of_different_fields_at_once_are_all_made(api: Api) -> None:
    path = f"pools/{api.pool()['id']}"
    wanted = {"description": "d", "name": "n", "drained": True, "gateway": "10.0.0.1"}
    changes = [{field: value} for field, value in wanted.items()]
    answers = at_once([partial(api.send, "PATCH", path, one) for one in changes])
    assert {answer.status_code for answer in answers} == {200}
    assert api.get(path).items() >= wanted.items()


def at_once(sends: Sequence[Callable[[], TestResponse]]) -> list[TestResponse]:
    """The answers of requests at once; "busy" is none, on a machine that is slow to give the lock back."""

    def answer(send: Callable[[], TestResponse]) -> TestResponse:
        while (given := send()).status_code == 503:
            pass
        return given

    with ThreadPoolExecutor(len(sends)) as threads:
        return list(threads.map(answer, sends))


def test_headers_are_replayed_and_so_is_a_refusal(api: Api) -> None:
    first = api.send("POST", "pools", {"cidr": SMALL}, Idempotency_Key="k")
    again = api.send("POST", "pools", {"cidr": SMALL}, Idempotency_Key="k")
    for header in ("Location", "ETag", "Content-Type"):
        assert first.headers[header] == again.headers[header]
    refused = api.send("POST", "pools", {"cidr": SMALL}, Idempotency_Key="l")
    repeated = api.send("POST", "pools", {"cidr": SMALL}, Idempotency_Key="l")
    assert (refused.status_code, repeated.data) == (409, refused.data)
    assert repeated.mimetype == "application/problem+json"


def test_a_request_under_way_is_not_served_twice_until_its_server_is_dead(
    api: Api, dba: psycopg.Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = api.pool(SMALL)
    body = {"pool_id": pool["id"], "owner": {"name": "x"}}

    def repeat(status: int) -> Any:
        response = api.send("POST", "reservations", body, Idempotency_Key="k")
        assert response.status_code == status, response.text
        return json.loads(response.data)

    with monkeypatch.context() as patched:
        _die_after_reserving(patched)
        with pytest.raises(KeyboardInterrupt):
            api.send("POST", "reservations", body, Idempotency_Key="k")
    assert repeat(409)["type"] == "urn:rowhouse:problem:idempotency-key-in-use"
    dba.execute("UPDATE idempotency_keys SET created_at = created_at - interval '61 seconds'")
    assert [item["address"] for item in repeat(201)["items"]] == ["10.0.0.1"]
    assert [item["address"] for item in repeat(201)["items"]] == ["10.0.0.1"]
    assert len(api.items("reservations")) == 1, "the one that the dead server had made"
    dba.execute("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'")
    assert [item["address"] for item in repeat(201)["items"]] == ["10.0.0.2"]


def test_what_was_not_served_may_be_repeated_at_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("rowhouse.store.inventory.pools.create", _broken)
        failed = api.refused(500, "POST", "pools", {"cidr": SMALL}, Idempotency_Key="k")
        assert "secret" not in json.dumps(failed)
    made = api.send("POST", "pools", {"cidr": SMALL}, Idempotency_Key="k")
    assert made.status_code == 201


def _broken(*_: object, **__: object) -> int:
    raise RuntimeError("secret")


def _die_after_reserving(patched: pytest.MonkeyPatch) -> None:
    reserve: Callable[..., Any] = reservations.reserve

    def reserve_and_die(*args: Any, **options: Any) -> None:
        reserve(*args, **options)
        raise KeyboardInterrupt

    patched.setattr(reservations, "reserve", reserve_and_die)


def test_every_route_of_the_api_is_in_the_table_and_the_document(refusing_api: Api) -> None:
    rules = {
        (method, rule.rule)
        for rule in refusing_api.app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods or set()
    }
    table = {(o.method, BASE + o.path) for o in OPERATIONS}
    assert rules - {("HEAD", path) for _, path in table} == table
    documented = {
        (method.upper(), path)
        for path, methods in document()["paths"].items()
        for method in methods
    }
    assert documented == {
        (method, path.replace("<id:", "<").replace("<", "{").replace(">", "}"))
        for method, path in table
    }


OF_TEAMS = {
    "list_pools",
    "get_pool",
    "get_pool_usage",
    "list_free_runs",
    "get_pool_fill",
    "list_reservations",
    "get_reservation",
    "list_quotas",
    "list_events",
    "get_quota",
    "list_tenures",
    "get_utilization",
    "search",
    "list_requests",
    "get_request",
    "create_request",
    "withdraw_request",
    # A view is a filter of the person's own, or one that all may see; it shows no rows.
    "list_views",
    "get_view",
    "create_view",
    "change_view",
    "delete_view",
}
"""tests/auth/teams/test_routes.py asks each of them for the addresses of another namespace."""


def test_reading_is_for_viewers_writing_for_operators_and_the_rest_for_admins() -> None:
    admin = {"delete_network", "delete_pool", "create_quota", "change_quota", "delete_quota"}
    for operation in OPERATIONS:
        expected = (
            "team"
            if operation.name in OF_TEAMS
            else "viewer"
            if operation.method == "GET"
            else "admin"
            if operation.name in admin
            else "operator"
        )
        assert operation.role == expected, operation.name


def test_the_document_is_valid_and_the_committed_one_is_the_same(refusing_api: Api) -> None:
    served = refusing_api.get("/openapi.json")
    validate(served)
    assert served["openapi"] == "3.1.0"
    wanted = openapi.document_text()
    assert COMMITTED.read_text() == wanted, "run `make reference` and look at what changed"


def inline(part: Any, place: str, *, is_named: bool) -> Iterator[str]:
    """The places of values from a list, and of maps, that have no schema of their own."""
    if isinstance(part, list):
        for number, one in enumerate(part):
            yield from inline(one, f"{place}/{number}", is_named=False)
    elif isinstance(part, dict):
        if not is_named and ("enum" in part or part.get("type") == "object"):
            yield place
        for key, value in part.items():
            yield from inline(value, f"{place}/{key}", is_named=place == "/components/schemas")


def test_a_generated_client_has_one_type_for_each_list_of_values_and_each_map() -> None:
    found = [*inline(openapi.document(), "", is_named=False)]
    assert not found, "name it in api/named_schemas.py"
    schemas = openapi.document()["components"]["schemas"]
    assert schemas["Pool"]["properties"]["labels"] == {"$ref": "#/components/schemas/Labels"}
    assert [*inline({"a": [{"enum": [1]}]}, "", is_named=False)] == ["/a/0"]


def test_the_name_of_an_operation_says_what_it_does_to_what() -> None:
    """It is the name of a function in a generated client, and may stand there alone."""
    for path, methods in openapi.document()["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            assert name == "search" or "_" in name, (method, path)


def test_the_reference_lists_every_operation() -> None:
    reference = REFERENCE.read_text()
    for path, methods in document()["paths"].items():
        for method in methods:
            operation = f"`{method.upper()} {path.removeprefix(BASE)}`"
            assert operation in reference, "add a row to docs/reference/api.md"


def test_the_reference_lists_every_filter_of_a_list() -> None:
    rows = REFERENCE.read_text().splitlines()
    for path, methods in document()["paths"].items():
        if "get" not in methods:
            continue
        [row] = [row for row in rows if f"| `GET {path.removeprefix(BASE)}`" in row]
        names = {
            one["name"] for one in methods["get"].get("parameters", ()) if one["in"] == "query"
        }
        missing = {
            name for name in names - {"limit", "cursor"} if not re.search(rf"`{name}\b", row)
        }
        assert not missing, f"add to the row of {path} in docs/reference/api.md: {missing}"
