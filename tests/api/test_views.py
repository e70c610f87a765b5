"""Saved views: whose they are, who sees and changes them, and what a table accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pytest

from api.conftest import serving
from rowhouse.api.views import TableName
from rowhouse.auth.static import digest, new_token
from rowhouse.domain.saved_views import MAX_QUERY, TABLES
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from api.conftest import Api
    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store

    Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with serving(database, auth="required", caller_rate=0) as running:
        yield running


@pytest.fixture
def ask(api: Api, store: Store) -> Ask:
    """Send a call of the API; the status and the document."""
    known: dict[str, str] = {}
    for name, role in (
        ("team", "team"),
        ("eve", "viewer"),
        ("ada", "operator"),
        ("bob", "operator"),
        ("root", "admin"),
    ):
        known[name] = new_token()
        tokens.create(
            store,
            name=name,
            role=role,
            namespaces=["shop"] if role == "team" else None,
            digest=digest(known[name]),
            actor="test",
        )

    def ask(who: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = api.send(method, path, body, Authorization=f"Bearer {known[who]}")
        return answer.status_code, answer.get_json() if answer.data else None

    return ask


def save(ask: Ask, who: str, name: str, **more: Any) -> Any:
    body = {"table": "reservations", "name": name, "query": "q=web", **more}
    status, made = ask(who, "POST", "views", body)
    assert status == 201, made
    return made


def names(ask: Ask, who: str, query: str = "") -> list[str]:
    return [one["name"] for one in ask(who, "GET", f"views?{query}")[1]["items"]]


@pytest.mark.parametrize("who", ["team", "eve", "ada"])
def test_every_user_saves_views_that_no_other_sees(ask: Ask, who: str) -> None:
    made = save(ask, who, "mine", query="?state=pod&q=web&sort=-since")
    assert made["query"] == "state=pod&q=web&sort=-since"
    assert made["path"] == "/reservations?state=pod&q=web&sort=-since"
    assert (made["author"], made["mine"], made["shared"]) == (who, True, False)
    assert names(ask, who) == ["mine"]
    for other in {"team", "eve", "ada", "root"} - {who}:
        assert names(ask, other) == []
        calls: list[tuple[str, Any]] = [("GET", None), ("PATCH", {"name": "x"})]
        # An operator can delete it, and does below.
        calls += [("DELETE", None)] if other in {"team", "eve"} else []
        for method, body in calls:
            assert ask(other, method, f"views/{made['id']}", body)[0] == 404
    path = f"views/{made['id']}"
    assert ask(who, "PATCH", path, {"name": "new", "query": ""})[1]["path"] == "/reservations"
    assert names(ask, who) == ["new"]
    assert ask(who, "DELETE", path)[0] == 204
    assert names(ask, who) == []


def test_operators_share_with_all_users(ask: Ask) -> None:
    for who in ("team", "eve"):
        wanted = {"table": "pods", "name": "x", "shared": True}
        status, problem = ask(who, "POST", "views", wanted)
        assert (status, problem["detail"]) == (403, f'"{who}" may not share a view')
        own = save(ask, who, "own")
        assert ask(who, "PATCH", f"views/{own['id']}", {"shared": True})[0] == 403
    shared = save(ask, "ada", "printers", shared=True)
    assert shared["shared"]
    for who in ("team", "eve", "bob", "root"):
        assert "printers" in names(ask, who)
        assert not ask(who, "GET", f"views/{shared['id']}")[1]["mine"]
    assert names(ask, "bob", "author=ada&table=reservations&name=printers") == ["printers"]
    assert names(ask, "bob", "table=pods") == []


def test_a_shared_view_is_changed_by_its_author_or_an_administrator(ask: Ask) -> None:
    shared = save(ask, "ada", "printers", shared=True)
    path = f"views/{shared['id']}"
    for who in ("team", "eve", "bob"):
        status, problem = ask(who, "PATCH", path, {"query": "q=x"})
        assert (status, problem["detail"]) == (403, f'"{who}" may not change a view of "ada"')
        if who != "bob":
            assert ask(who, "DELETE", path)[0] == 403
    assert ask("root", "PATCH", path, {"query": "q=x"})[1]["author"] == "ada"
    assert not ask("root", "PATCH", path, {"shared": False})[1]["shared"]
    assert names(ask, "root") == []
    assert names(ask, "ada") == ["printers"]
    assert ask("ada", "PATCH", path, {"shared": True})[1]["query"] == "q=x"
    assert ask("root", "DELETE", path)[0] == 204


@pytest.mark.parametrize("who", ["bob", "root"])
def test_an_operator_deletes_private_views_of_others_without_reading_them(
    ask: Ask, who: str
) -> None:
    made = save(ask, "eve", "mine", query="q=secret")
    save(ask, "ada", "shared", shared=True)
    own = save(ask, who, "own")
    for other in ("team", "eve"):
        status, problem = ask(other, "GET", "views?all=true")
        assert status == 403
        assert "may not list the private views of others" in problem["detail"]
    listed = {one["name"]: one for one in ask(who, "GET", "views?all=true")[1]["items"]}
    assert set(listed) == {"mine", "shared", "own"}
    private = listed["mine"]
    assert (private["table"], private["author"], private["mine"]) == ("reservations", "eve", False)
    assert (private["query"], private["path"]) == (None, None)
    assert listed["own"] == own
    assert listed["shared"]["query"] == "q=web"
    assert "mine" not in names(ask, who)
    assert ask(who, "PATCH", f"views/{made['id']}", {"shared": False})[0] == 404
    assert ask(who, "DELETE", f"views/{made['id']}")[0] == 204
    assert names(ask, "eve", "author=eve") == []
    log = ask(who, "GET", "audit?object_type=saved_view&object=mine")[1]["items"]
    assert [(one["action"], one["actor"]) for one in log] == [
        ("saved_view.delete", who),
        ("saved_view.create", "eve"),
    ]


def test_the_audit_log_shows_the_query_of_a_shared_view_only(ask: Ask) -> None:
    made = save(ask, "ada", "mine", query="q=secret")
    path = f"views/{made['id']}"
    ask("ada", "PATCH", path, {"query": "q=hidden"})
    ask("ada", "PATCH", path, {"shared": True})
    ask("ada", "PATCH", path, {"shared": False})
    ask("ada", "DELETE", path)
    log = ask("eve", "GET", "audit?object_type=saved_view")[1]["items"]
    seen = [
        ((one["before"] or {}).get("query"), (one["after"] or {}).get("query"))
        for one in reversed(log)
    ]
    assert seen == [
        (None, None),
        (None, None),
        (None, "q=hidden"),
        ("q=hidden", None),
        (None, None),
    ]


def test_a_name_is_free_once_per_table_and_author_and_once_among_shared_ones(ask: Ask) -> None:
    save(ask, "ada", "printers")
    again = {"table": "reservations", "name": "printers"}
    status, problem = ask("ada", "POST", "views", again)
    assert status == 409
    assert "you already have a view of this table with this name" in problem["detail"]
    save(ask, "ada", "printers", table="pods")
    shared = save(ask, "bob", "printers", shared=True)
    assert ask("ada", "POST", "views", again | {"name": "other", "shared": True})[0] == 201
    status, problem = ask("bob", "PATCH", f"views/{shared['id']}", {"name": "other"})
    assert status == 409
    assert "another shared view of this table has this name" in problem["detail"]


def test_a_team_sees_and_saves_views_of_the_tables_that_it_may_open(ask: Ask) -> None:
    for table in TABLES:
        save(ask, "ada", f"of {table}", table=table, shared=True)
    allowed = {f"of {name}" for name, table in TABLES.items() if table.is_for_teams}
    assert set(names(ask, "team")) == allowed
    assert len(names(ask, "eve")) == len(TABLES) > len(allowed) > 0
    [nodes] = ask("ada", "GET", "views?table=nodes")[1]["items"]
    assert ask("team", "GET", f"views/{nodes['id']}")[0] == 404
    status, problem = ask("team", "POST", "views", {"table": "nodes", "name": "x"})
    assert (status, problem["detail"]) == (403, '"team" may not open nodes')


@pytest.mark.parametrize(
    ("table", "query", "why"),
    [
        ("reservations", "color=red", "reservations has no parameter 'color'; it has q, sort, "),
        ("reservations", "page=3", "no parameter 'page'"),
        ("reservations", "view=3", "no parameter 'view'"),
        ("pods", "state=pod", "pods has no parameter 'state'"),
        ("pods", "q=a&q=b", "'q' is given more than once"),
        ("pods", "q=a%00b", "control character"),
        ("pods", "q=" + "ü" * 400, "at most 2,000 characters"),
    ],
)
def test_a_table_refuses_what_it_does_not_understand(
    ask: Ask, table: str, query: str, why: str
) -> None:
    status, problem = ask("eve", "POST", "views", {"table": table, "name": "x", "query": query})
    assert status == 422
    assert why in problem["detail"], problem
    made = save(ask, "eve", "good", table=table)
    status, problem = ask("eve", "PATCH", f"views/{made['id']}", {"query": query})
    assert status == 422
    assert problem["errors"][0]["pointer"] == "/query"


def test_the_longest_query_and_every_sort_of_name(ask: Ask) -> None:
    made = save(ask, "eve", "längste, 100 %", table="pods", query="q=" + "x" * (MAX_QUERY - 2))
    assert len(made["query"]) == MAX_QUERY
    for name in ("", " x", "x ", "a\nb", "x" * 81):
        assert ask("eve", "POST", "views", {"table": "pods", "name": name})[0] == 422, name
    assert ask("eve", "POST", "views", {"table": "colors", "name": "x"})[0] == 422


def test_the_audit_log_has_each_change_of_a_view(ask: Ask) -> None:
    made = save(ask, "eve", "mine")
    ask("eve", "PATCH", f"views/{made['id']}", {"name": "new"})
    ask("eve", "DELETE", f"views/{made['id']}")
    log = ask("eve", "GET", "audit?object_type=saved_view")[1]["items"]
    assert [(one["action"], one["actor"], one["object"]) for one in log] == [
        ("saved_view.delete", "eve", "new"),
        ("saved_view.update", "eve", "new"),
        ("saved_view.create", "eve", "mine"),
    ]
    assert log[1]["before"]["name"] == "mine"


def test_pages_of_views_follow_each_other(ask: Ask) -> None:
    for number in range(5):
        save(ask, "eve", f"v{number}")
    first = ask("eve", "GET", "views?limit=3")[1]
    assert names(ask, "eve", f"limit=3&cursor={first['next']}") == ["v3", "v4"]


def test_the_api_names_every_table() -> None:
    assert list(get_args(TableName)) == list(TABLES)
