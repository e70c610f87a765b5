from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.web.search.question import Question, question

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    Browser = Callable[..., FlaskClient]

CONTAINER = "c0ffee0011223344556677889900aabbccddeeff"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (" 10.0.0.7 ", Question(text="10.0.0.7", address="10.0.0.7")),
        ("FD00::0:7", Question(text="FD00::0:7", address="fd00::7")),
        ("10.0.0.7/24", Question(text="10.0.0.7/24", prefix="10.0.0.0/24")),
        ("fd00::/64", Question(text="fd00::/64", prefix="fd00::/64")),
        ("shop/web-0", Question(text="shop/web-0", namespace="shop", name="web-0")),
        ("pod/web-0", Question(text="pod/web-0", name="web-0")),
        ("c0ffee", Question(text="c0ffee", name="c0ffee", container_id="c0ffee")),
        (
            f"containerd://{CONTAINER}",
            Question(
                text=f"containerd://{CONTAINER}",
                name=f"containerd://{CONTAINER}",
                container_id=CONTAINER,
            ),
        ),
    ],
)
def test_what_was_typed_is_understood(text: str, meant: Question) -> None:
    assert question(text) == meant


@pytest.fixture
def client(browser: Browser, pods: Pods, dba: psycopg.Connection[TupleRow]) -> FlaskClient:
    pods.add("web-0", subnet("10.0.0.0/24", network="a"), node="node7", container=CONTAINER)
    pods.add("web-1", subnet("10.0.0.0/24", network="b"), node="node7")
    pods.add("db-0", subnet("10.0.0.0/26", network="a"), node="node8")
    pods.add("gone-0", subnet("10.0.1.0/24", network="b"))
    pods.delete("gone-0")
    dba.execute("UPDATE pools SET name = 'storage-a' WHERE cidr = '10.0.1.0/24'")
    return browser()


def leads_to(client: FlaskClient, text: str) -> str:
    """Where a search goes at once, else the labels of what it found, in order."""
    answer = client.get("/search", query_string={"q": text})
    if answer.status_code == 302:
        return answer.location
    return " ".join(re.findall(r'<th scope="row"><a [^>]*>([^<]+)<', answer.text))


def test_a_search_with_one_answer_goes_there(client: FlaskClient) -> None:
    assert leads_to(client, "10.0.1.9") == "/addresses/2/10.0.1.9"
    assert leads_to(client, "10.0.1.0/24") == "/pools/4"
    assert leads_to(client, "10.0.0.0/26") == "/pools/3"
    assert leads_to(client, "default/web-0") == "/pods/default/web-0"
    assert leads_to(client, "web-1") == "/pods/default/web-1"
    assert leads_to(client, "gone") == "/pods/default/gone-0"
    assert leads_to(client, "node8") == "/nodes/node8?cluster=prod-a"
    assert leads_to(client, "c0ffee001122") == "/addresses/1/10.0.0.1"
    assert leads_to(client, f"containerd://{CONTAINER}") == "/addresses/1/10.0.0.1"
    assert leads_to(client, "storage") == "/pools/4"


def test_a_node_that_reported_is_found_without_addresses(
    client: FlaskClient, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("SELECT report_node_v1('edge', 'idle', '', '', 0, 0, now())")
    assert leads_to(client, "idle") == "/nodes/idle?cluster=edge"


def test_a_search_with_several_answers_shows_them(client: FlaskClient) -> None:
    assert leads_to(client, "10.0.0.1") == "10.0.0.1 10.0.0.1"
    assert leads_to(client, "10.0.0.0/16") == "10.0.0.0/24 10.0.0.0/24 10.0.1.0/24 10.0.0.0/26"
    assert leads_to(client, "web-") == "default/web-0 default/web-1"


def test_a_search_for_nothing_or_without_an_answer_says_what_can_be_found(
    client: FlaskClient,
) -> None:
    for text in ("", "   ", "no-such-thing", "%", "'; --", "\x00", "x" * 5000, "10.0.0.300", "/"):
        answer = client.get("/search", query_string={"q": text})
        assert answer.status_code == 200, text
        assert "What you can search for" in answer.text
