"""`dry_run=true`: every change answers as it would, and changes nothing."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import sql

from api.conftest import problem
from fixtures.api_document import document
from fixtures.pods import subnet
from rowhouse.api.view import DRY_RUN

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg
    from psycopg.rows import TupleRow
    from werkzeug.test import TestResponse

    from api.conftest import Api
    from fixtures.pods import Pods

    Dba = psycopg.Connection[TupleRow]

Rows = dict[str, list[Any]]

# What a repetition cannot repeat: ids and times.
UNREPEATABLE = (
    *("id", "reserved_at", "created_at", "expires_at"),
    *("requested_at", "decided_at", "written_at", "saved_at"),
)

CHANGES: dict[str, tuple[str, Any]] = {
    "create_pool": ("pools", {"cidr": "10.0.9.0/24", "name": "new", "gateway": "10.0.9.1"}),
    "change_pool": ("pools/{pool}", {"name": "b", "drained": True, "labels": {"a": "b"}}),
    "delete_pool": ("pools/{empty_pool}", None),
    "delete_network": ("networks/{empty_network}", None),
    "reserve_addresses": (
        "reservations",
        {"pool_id": "{pool}", "count": 2, "owner": {"name": "x"}},
    ),
    "release_address": ("reservations/{network}/10.0.0.7", None),
    "change_reservation": ("reservations/{network}/10.0.0.7", {"description": "y", "ttl": 60}),
    "reassign_address": ("reservations/{network}/10.0.0.7/reassign", {"owner": {"name": "z"}}),
    "create_exclusion": (
        "exclusions",
        {"network_id": "{network}", "first": "10.0.0.20", "last": "10.0.0.29"},
    ),
    "delete_exclusion": ("exclusions/{exclusion}", None),
    "delete_gateway": ("gateways/{gateway}", None),
    "create_quota": ("quotas", {"namespace": "dev", "addresses": 3}),
    "change_quota": ("quotas/{quota}", {"addresses": 9}),
    "delete_quota": ("quotas/{quota}", None),
    "create_request": (
        "requests",
        {"pool_id": "{pool}", "count": 2, "owner": {"name": "x", "namespace": "devops"}},
    ),
    "approve_request": ("requests/{request}/approve", None),
    "decline_request": ("requests/{request}/decline", {"reason": "full"}),
    "withdraw_request": ("requests/{request}/withdraw", {}),
    "create_comment": ("comments", {"pool_id": "{pool}", "text": "x"}),
    "delete_comment": ("comments/{comment}", None),
    "create_view": ("views", {"table": "pods", "name": "x", "query": "q=web"}),
    "change_view": ("views/{view}", {"name": "y"}),
    "delete_view": ("views/{view}", None),
}
"""For each operation that changes something: a path and a body that it serves."""


@pytest.fixture
def ids(api: Api, dba: Dba, pods: Pods) -> dict[str, int]:
    """The ids of something of each kind."""
    pool = api.pool(name="a", cidr="10.0.0.0/24")
    api.reserve(pool, addresses=["10.0.0.7"])
    empty_pool = api.pool(cidr="10.0.1.0/24", network="blue")
    unused = api.pool(cidr="10.0.2.0/24", network="green")
    api.delete(f"pools/{unused['id']}")
    run = {"first": "10.0.0.40", "last": "10.0.0.49"}
    exclusion = api.post("exclusions", network_id=pool["network_id"], **run)
    quota = api.post("quotas", namespace="devops", addresses=5)
    owner = {"name": "routers", "namespace": "devops"}
    request = api.post("requests", pool_id=pool["id"], owner=owner)
    comment = api.post("comments", pool_id=pool["id"], text="x")
    view = api.post("views", table="pods", name="web", query="q=web")
    pods.add("web-0", subnet("10.0.0.0/24"))
    pods.delete("web-0")
    dba.execute(
        """INSERT INTO gateways (network_id, address, pool_id, cni_network)
           SELECT network_id, '10.0.0.254', id, 'nad' FROM pools WHERE id = %s""",
        (pool["id"],),
    )
    [gateway] = api.items("gateways?address=10.0.0.254")
    return {
        "pool": pool["id"],
        "network": pool["network_id"],
        "empty_pool": empty_pool["id"],
        "empty_network": unused["network_id"],
        "exclusion": exclusion["id"],
        "quota": quota["id"],
        "request": request["id"],
        "comment": comment["id"],
        "view": view["id"],
        "gateway": gateway["id"],
    }


@functools.cache
def operations() -> dict[str, str]:
    """The method of each operation that is not a GET, by its name."""
    return {
        operation["operationId"]: method.upper()
        for path in document()["paths"].values()
        for method, operation in path.items()
        if method != "get"
    }


def everything(dba: Dba) -> Rows:
    """All rows of all tables."""
    tables = dba.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'rowhouse' ORDER BY 1"
    ).fetchall()
    assert len(tables) > 25
    found: Rows = {}
    for (name,) in tables:
        table = sql.Identifier("rowhouse", name)
        rows = dba.execute(sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(table)).fetchall()
        found[name] = rows
    return found


def filled(value: Any, ids: Mapping[str, int]) -> Any:
    """Put the ids into a path or a body."""
    if isinstance(value, dict):
        return {name: filled(part, ids) for name, part in value.items()}
    if isinstance(value, str) and value.startswith("{"):
        return ids[value.strip("{}")]
    return value


def test_the_document_offers_dry_runs_of_exactly_these_operations() -> None:
    assert operations().keys() == CHANGES.keys()
    for path in document()["paths"].values():
        for method, operation in path.items():
            names = [one["name"] for one in operation["parameters"]]
            assert ("dry_run" in names) == (method != "get"), operation["operationId"]


@pytest.mark.parametrize("name", CHANGES)
def test_a_dry_run_answers_as_the_change_does_and_changes_nothing(
    api: Api, dba: Dba, ids: dict[str, int], name: str
) -> None:
    method = operations()[name]
    path, body = CHANGES[name]
    path, body = path.format(**ids), filled(body, ids)
    before = everything(dba)
    tried = api.send(method, f"{path}?dry_run=true", body, Idempotency_Key="k")
    assert everything(dba) == before
    done = api.send(method, path, body, Idempotency_Key="k")
    assert done.status_code in {200, 201, 204}, done.text
    assert everything(dba) != before
    assert shown(tried) == shown(done)
    assert tried.headers[DRY_RUN] == "true"
    assert DRY_RUN not in done.headers
    again = api.send(method, f"{path}?dry_run=false", body)
    assert DRY_RUN not in again.headers


def test_a_dry_run_is_refused_as_the_change_is(api: Api, dba: Dba, ids: dict[str, int]) -> None:
    before = everything(dba)
    for method, path, body in (
        ("POST", "pools", {"cidr": "10.0.0.0/24"}),
        ("POST", "reservations", {"pool_id": ids["pool"], "addresses": ["10.0.0.7"], "owner": {"name": "x"}}),
        ("DELETE", f"pools/{ids['pool']}", None),
        ("PATCH", f"pools/{ids['pool'] + 99}", {"name": "b"}),
        ("PATCH", f"pools/{ids['pool']}", {"name": "bad name!"}),
    ):  # fmt: skip
        tried, done = (api.send(method, f"{path}{query}", body) for query in ("?dry_run=true", ""))
        assert tried.status_code >= 400
        keys = ("type", "detail", "hint", "code", "errors")
        first, second = problem(tried), problem(done)
        assert [first.get(key) for key in keys] == [second.get(key) for key in keys]
    assert everything(dba) == before


def test_a_dry_run_with_a_wrong_idempotency_key_is_refused_as_the_change_is(api: Api) -> None:
    for query in ("?dry_run=true", ""):
        for key in ("", "k" * 256, "käse"):
            sent = api.send("POST", f"pools{query}", {"cidr": "10.0.0.0/24"}, Idempotency_Key=key)
            assert sent.status_code == 422, (query, key)
            assert problem(sent)["errors"][0]["pointer"] == "/header/Idempotency-Key"
    assert api.items("pools") == []


def test_only_true_or_false_says_whether_it_is_a_dry_run(api: Api) -> None:
    for value in ("All", "maybe"):
        wrong = api.refused(422, "POST", f"pools?dry_run={value}", {"cidr": "10.0.0.0/24"})
        assert wrong["errors"][0]["pointer"] == "/query/dry_run"
    twice = api.refused(422, "POST", "pools?dry_run=true&dry_run=false", {"cidr": "10.0.0.0/24"})
    assert twice["errors"][0]["detail"] == "given more than once"
    unknown = api.refused(422, "GET", "pools?dry_run=true")
    assert unknown["errors"][0]["detail"] == "unknown parameter"
    assert api.items("pools") == []


def shown(response: TestResponse) -> tuple[int, Any]:
    """The status and the document, without what a repetition cannot repeat."""
    return response.status_code, _stable(json.loads(response.data or "null"))


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _stable(part) for name, part in value.items() if name not in UNREPEATABLE}
    return [_stable(part) for part in value] if isinstance(value, list) else value
