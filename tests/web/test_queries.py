"""How many statements a page needs: a fixed number, however many pools and addresses there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

from fixtures.pods import Pods, subnet
from rowhouse.store.connection.database import Database as Store

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    import pytest
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

PAGES = {
    "/": 3,
    "/pools/1": 8,
    "/pools/1/history": 5,
    "/pools/1/audit": 4,
    "/pools": 3,
    "/pools/tree": 3,
    "/networks": 4,
    "/pods": 3,
    "/exclusions": 3,
    "/quotas": 2,
    "/pools/1/addresses": 4,
    "/pools/1/addresses?q=web&sort=-since": 4,
    "/reservations?q=web": 4,
    "/pools/1?within=10.0.0.0/20": 9,
    "/addresses/1/10.0.0.1": 6,
    "/pods/default/web-0": 3,
    "/nodes/node1": 2,
    "/nodes": 4,
    "/events": 3,
    "/requests": 3,
    "/search?q=web": 9,
}


def test_a_page_makes_the_same_few_statements_whatever_it_shows(
    browser: Callable[..., FlaskClient],
    pods: Pods,
    dba: psycopg.Connection[TupleRow],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []
    inherited = Store.call

    def call(self: Store, query: Any, parameters: Any = ()) -> Any:
        made.append(str(query))
        return inherited(self, query, parameters)

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "statement_timeout" not in statement:  # goes before each read
            made.append(statement)

    def statements(path: str) -> int:
        made.clear()
        assert client.get(path).status_code == 200
        return len([one for one in made if "rowhouse.tokens" not in one])

    monkeypatch.setattr(Store, "call", call)
    event.listen(Engine, "before_cursor_execute", note)
    try:
        client = browser()
        pods.add("web-0", subnet("10.0.0.0/16"))
        pods.add("web-1", subnet("10.0.0.0/16"))
        few = {path: statements(path) for path in PAGES}
        dba.execute(
            "INSERT INTO pools (network_id, network_name, cidr)"
            " SELECT 1, '', set_masklen('10.1.0.0'::inet + 256 * n, 24)::cidr FROM generate_series(0, 199) AS n"
        )
        dba.execute(
            "SELECT reserve_v1('ada', '', 1, NULL, 500, 'pod', '', 'default', 'web-9', 'net1', NULL, '')"
        )
        many = {path: statements(path) for path in PAGES}
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert few == many
    assert {path: few[path] for path, most in PAGES.items() if few[path] > most} == {}
