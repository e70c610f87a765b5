"""The audit log's page, its filters, and its files."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.domain.administration import Actor, PoolPlan
from rowhouse.domain.spreadsheets import harmless
from rowhouse.ipam.pools import change_pool, create_pool
from web.test_tables import rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store


@pytest.fixture
def pool(store: Store) -> Any:
    """A pool that ada has made and grace has changed."""
    made = create_pool(
        store, PoolPlan(cidr="10.7.0.0/24", name="storage"), "", Actor(name="ada", request_id="r1")
    )
    later = {"drained": True, "reuse_delay": 300.0}
    change_pool(store, made.id, later, Actor(name="grace", request_id="r2"))
    return made


def objects(page: str) -> list[tuple[str, str]]:
    """Who and what action, of each row."""
    return [(row["Actor"], row["Action"]) for row in rows(page)]


def test_the_latest_change_comes_first_with_what_it_changed(
    pool: Any, browser: Callable[..., FlaskClient]
) -> None:
    page = browser().get("/audit?object=10.7.0.0/24").text
    assert objects(page) == [("grace", "pool.update"), ("ada", "pool.create")]
    assert re.search(r"<dt>Drained</dt>\s*<dd><del>no</del>.*<ins>yes</ins>", page)
    assert pool.cidr in page
    # In short: what a row has by default says nothing, and durations are in people's units.
    assert re.findall("<summary>(.*?)</summary>", page) == [
        "Drained no → yes, Reuse delay none → 5\u202fmin",
        "Name storage",
    ]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("actor=ada", 2),
        ("actor=nobody", 0),
        ("action=pool.update", 1),
        ("object=10.7.0.0/24", 2),
        ("actor=grace&action=pool.update&object=10.7.0.0%2F24", 1),
        ("since=2020-01-01T00:00&object=10.7.0.0/24", 2),
        ("until=2020-01-01T00:00", 0),
        ("since=2099-01-01T00:00:00Z", 0),
        ("request_id=r2", 1),
        ("q=STORAGE", 2),
        ("q=GRACE+drained", 1),
        ("q=nothing-like-it", 0),
        ("actor=&action=&object=10.7.0.0/24&since=&until=", 2),
    ],
)
def test_filters_narrow_down_page_and_files_alike(
    pool: Any, browser: Callable[..., FlaskClient], query: str, count: int
) -> None:
    assert pool
    client = browser()
    assert len(objects(client.get(f"/audit?{query}").text)) == count
    assert len(json.loads(client.get(f"/audit.json?{query}").data)) == count
    assert len(list(csv.reader(io.StringIO(client.get(f"/audit.csv?{query}").text)))) == count + 1


@pytest.mark.parametrize(
    "query", ["since=yesterday", "until=0001-01-01T00:00:00%2B23:00", f"actor={'x' * 999}"]
)
def test_a_filter_that_makes_no_sense_is_told_beside_its_field(
    browser: Callable[..., FlaskClient], query: str
) -> None:
    answer = browser().get(f"/audit?{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_older_entries_are_a_page_away(
    dba: psycopg.Connection[TupleRow], browser: Callable[..., FlaskClient]
) -> None:
    dba.execute(
        "INSERT INTO audit_log (actor, action, object)"
        " SELECT 'ada', 'test', n::text FROM generate_series(120, 1, -1) n"
    )
    client, path, seen = browser(), "/audit?action=test", []
    while path:
        page = client.get(path).text
        seen += [row["Object"] for row in rows(page)]
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    assert seen == [str(number) for number in range(1, 121)]


def test_files_hold_every_entry_however_many(
    dba: psycopg.Connection[TupleRow], browser: Callable[..., FlaskClient]
) -> None:
    dba.execute(
        "INSERT INTO audit_log (actor, action, object) SELECT 'ada', 'test', n::text FROM generate_series(1, 1300) n"
    )
    client = browser()
    answer = client.get("/audit.json?action=test")
    entries = json.loads(answer.data)
    assert {entry["object"] for entry in entries} == {str(number) for number in range(1, 1301)}
    assert answer.headers["Content-Disposition"].endswith('.json"')
    answer = client.get("/audit.csv?action=test")
    assert answer.content_type == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["object"] for row in lines] == [entry["object"] for entry in entries]


def test_an_empty_log_is_still_an_array(browser: Callable[..., FlaskClient]) -> None:
    assert json.loads(browser().get("/audit.json?actor=nobody").data) == []


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_a_name_that_is_a_formula_stays_a_name(
    dba: psycopg.Connection[TupleRow], browser: Callable[..., FlaskClient]
) -> None:
    formula = '=HYPERLINK("http://evil.example","x")'
    dba.execute(
        "INSERT INTO audit_log (actor, action, object) VALUES (%s, 'test', 'x')", (formula,)
    )
    answer = browser().get("/audit.csv?action=test")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["actor"] == f"'{formula}"


def test_a_name_that_is_html_stays_a_name(
    dba: psycopg.Connection[TupleRow], browser: Callable[..., FlaskClient]
) -> None:
    dba.execute(
        "INSERT INTO audit_log (actor, action, object, after) VALUES ('<b>x</b>', 'test', '<i>y', '{\"<u>\": \"<s>\"}')"
    )
    page = browser().get("/audit").text
    for raw in ("<b>x", "<i>y", "<u>", "<s>"):
        assert raw not in page
