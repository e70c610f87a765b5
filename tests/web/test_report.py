from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

    Browser = Callable[..., FlaskClient]
    Session = psycopg.Connection[TupleRow]


@pytest.fixture
def filled(store: Database, dba: Session) -> None:
    pods = Pods(store)
    for number in range(3):
        pods.add(f"web-{number}", subnet("10.20.0.0/28", network="storage"))
    pods.add("one", subnet("fd00::/64"))
    dba.execute("""UPDATE pools SET labels = '{"site": "=berlin"}' WHERE cidr = '10.20.0.0/28'""")


@pytest.mark.usefixtures("filled")
def test_the_report_groups_and_links(browser: Browser) -> None:
    person = browser()
    page = person.get("/report?by=pool&period=day")
    assert page.status_code == 200
    assert "10.20.0.0/28" in page.text
    assert 'href="/pools/' in page.text
    assert "21\u202f%" in page.text  # 3 of 14
    namespaces = person.get("/report").text
    assert 'href="/search?q=default/"' in namespaces
    assert "=berlin" in person.get("/report?label=site").text


@pytest.mark.usefixtures("filled")
def test_the_csv_has_a_line_for_each_group_and_moment(browser: Browser) -> None:
    answer = browser().get("/report.csv?label=site&period=day")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == 2 * 25
    assert {line["name"] for line in lines} == {"'=berlin", ""}
    assert [line["used"] for line in lines if line["name"]][-1] == "3"


def test_what_the_url_does_not_know_is_the_default(browser: Browser) -> None:
    person = browser()
    page = person.get("/report?by=moon&period=century&label=%00")
    assert page.status_code == 200
    assert "No addresses were held" in person.get("/report?by=moon").text
