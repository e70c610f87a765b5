"""Comments on addresses and pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from api.conftest import serving
from rowhouse.auth.static import digest, new_token
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg.rows import TupleRow

    from api.conftest import Api
    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with serving(database, auth="required", caller_rate=0) as running:
        yield running


@pytest.fixture
def ask(api: Api, store: Store) -> Callable[..., tuple[int, Any]]:
    """Send a call of the API; the status and the document."""
    known: dict[str, str] = {}
    for name, role in (
        ("viewer", "viewer"),
        ("ada", "operator"),
        ("bob", "operator"),
        ("root", "admin"),
    ):
        known[name] = new_token()
        tokens.create(store, name=name, role=role, digest=digest(known[name]), actor="test")

    def ask(who: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = api.send(method, path, body, Authorization=f"Bearer {known[who]}")
        return answer.status_code, answer.get_json() if answer.data else None

    assert ask("ada", "POST", "pools", {"cidr": "10.0.0.0/28"})[0] == 201
    return ask


ADDRESS = {"network_id": 1, "address": "10.0.0.4"}


def texts(ask: Callable[..., tuple[int, Any]], query: str) -> list[str]:
    return [one["text"] for one in ask("viewer", "GET", f"comments?{query}")[1]["items"]]


def test_a_comment_on_an_address_outlives_its_reservation(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    wanted = {"pool_id": 1, "addresses": ["10.0.0.4"], "owner": {"name": "printer"}}
    assert ask("ada", "POST", "reservations", wanted)[0] == 201
    status, made = ask("ada", "POST", "comments", ADDRESS | {"text": "on the third floor"})
    assert (status, made["author"], made["address"]) == (201, "ada", "10.0.0.4")
    assert ask("ada", "DELETE", "reservations/1/10.0.0.4")[0] == 204
    assert texts(ask, "address=10.0.0.4") == ["on the third floor"]


def test_comments_are_listed_by_what_they_are_about(ask: Callable[..., tuple[int, Any]]) -> None:
    ask("ada", "POST", "comments", ADDRESS | {"text": "first"})
    ask("bob", "POST", "comments", ADDRESS | {"text": "second"})
    ask("bob", "POST", "comments", {"pool_id": 1, "text": "of the pool"})
    assert texts(ask, "network_id=1&address=10.0.0.4") == ["second", "first"]
    assert texts(ask, "pool=1") == ["of the pool"]
    assert texts(ask, "address=10.0.0.5") == []
    page = ask("viewer", "GET", "comments?limit=2")[1]
    assert texts(ask, f"limit=2&cursor={page['next']}") == ["first"]


def test_a_comment_is_removed_by_its_author_or_an_administrator(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    for _ in range(2):
        ask("ada", "POST", "comments", ADDRESS | {"text": "x"})
    assert ask("viewer", "DELETE", "comments/1")[0] == 403
    status, problem = ask("bob", "DELETE", "comments/1")
    assert (status, problem["detail"]) == (403, '"bob" may not remove a comment of "ada"')
    assert ask("ada", "DELETE", "comments/1")[0] == 204
    assert ask("root", "DELETE", "comments/2")[0] == 204
    assert ask("ada", "DELETE", "comments/2")[0] == 404
    log = ask("viewer", "GET", "audit?object_type=comment")[1]["items"]
    assert [(one["action"], one["actor"], one["object"]) for one in log] == [
        ("comment.delete", "root", "10.0.0.4"),
        ("comment.delete", "ada", "10.0.0.4"),
        ("comment.create", "ada", "10.0.0.4"),
        ("comment.create", "ada", "10.0.0.4"),
    ]
    assert log[0]["before"]["text"] == "x"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (ADDRESS | {"text": ""}, 422),
        (ADDRESS | {"text": " \n "}, 422),
        (ADDRESS | {"text": "x" * 4097}, 422),
        (ADDRESS | {"text": "x" * 4096}, 201),
        ({"address": "10.0.0.4", "text": "x"}, 422),
        ({"network_id": 1, "text": "x"}, 422),
        ({"pool_id": 1, "network_id": 1, "address": "10.0.0.4", "text": "x"}, 422),
        ({"network_id": 1, "address": "10.9.0.4", "text": "x"}, 404),
        ({"network_id": 9, "address": "10.0.0.4", "text": "x"}, 404),
        ({"pool_id": 9, "text": "x"}, 404),
    ],
)
def test_what_a_comment_must_be_about(
    ask: Callable[..., tuple[int, Any]], body: dict[str, Any], status: int
) -> None:
    assert ask("ada", "POST", "comments", body)[0] == status
    assert ask("viewer", "POST", "comments", body)[0] == 403


def test_comments_on_a_pool_go_with_it_and_the_audit_log_keeps_them(
    ask: Callable[..., tuple[int, Any]],
) -> None:
    ask("ada", "POST", "comments", {"pool_id": 1, "text": "of the pool"})
    assert ask("root", "DELETE", "pools/1")[0] == 204
    assert texts(ask, "") == []
    log = ask("viewer", "GET", "audit?action=comment.delete")[1]["items"]
    assert [one["before"]["text"] for one in log] == ["of the pool"]


def test_the_database_refuses_to_change_a_comment(
    ask: Callable[..., tuple[int, Any]], dba: psycopg.Connection[TupleRow]
) -> None:
    ask("ada", "POST", "comments", ADDRESS | {"text": "x"})
    with pytest.raises(psycopg.Error, match="cannot change"):
        dba.execute("UPDATE comments SET author = 'bob'")
