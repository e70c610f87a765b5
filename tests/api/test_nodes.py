"""`GET /nodes`: what nodes reported, when, and how many addresses they use."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from fixtures.pods import Pods, subnet

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from api.conftest import Api
    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]

REPORTED = """
INSERT INTO nodes (cluster, node, plugin_version, agent_version, kept_dels, kept_bytes, started_at, last_seen)
SELECT cluster, node, '0.1.0', '', 2, 512, '2026-03-01 10:30+01', clock_timestamp() - age
  FROM (VALUES ('a', 'n1', interval '10 s'), ('a', 'n2', interval '6 min'), ('b', 'n1', interval '25 h'),
               ('b', 'n3', interval '-1 h')) AS told (cluster, node, age)
"""


@pytest.fixture
def reported(dba: Session) -> None:
    dba.execute(REPORTED.encode())


@pytest.mark.usefixtures("reported")
def test_each_node_has_its_state_and_the_addresses_in_use_on_it(api: Api, store: Store) -> None:
    pods = Pods(store, cluster="a")
    for number in range(3):
        pods.add(f"web-{number}", subnet("10.0.0.0/24"), node="n1")
    found = api.items("nodes")
    assert [(one["cluster"], one["node"], one["state"], one["addresses"]) for one in found] == [
        ("a", "n1", "current", 3),
        ("a", "n2", "late", 0),
        ("b", "n1", "gone", 0),
        ("b", "n3", "current", 0),  # seen in the future: the clock of the database went back
    ]
    assert [int(one["unseen_seconds"]) // 60 for one in found] == [0, 6, 1500, 0]
    one = found[0]
    assert one["started_at"] == "2026-03-01T09:30:00Z"
    assert (one["plugin_version"], one["agent_version"]) == ("0.1.0", "")
    assert (one["kept_dels"], one["kept_bytes"]) == (2, 512)


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("cluster=a", ["a/n1", "a/n2"]),
        ("node=n1", ["a/n1", "b/n1"]),
        ("state=late", ["a/n2"]),
        ("state=gone&cluster=a", []),
        ("cluster=", []),
    ],
)
def test_filters(api: Api, query: str, keys: list[str]) -> None:
    found = api.items(f"nodes?{query}")
    assert [f"{one['cluster']}/{one['node']}" for one in found] == keys


@pytest.mark.usefixtures("reported")
def test_pages_follow_cluster_and_name(api: Api) -> None:
    page = api.get("nodes?limit=1")
    seen = [page["items"][0]["node"]]
    while page["next"]:
        page = api.get(f"nodes?limit=1&cursor={page['next']}")
        seen.append(page["items"][0]["node"])
    assert seen == ["n1", "n2", "n1", "n3"]


@pytest.mark.parametrize("key", ['["a\\u0000", "n"]', '["a"]', "[1, 2]", '["\\ud800", "n"]'])
def test_a_cursor_of_another_list_is_refused(api: Api, key: str) -> None:
    cursor = base64.urlsafe_b64encode(key.encode()).decode()
    assert "cursor" in api.refused(422, "GET", f"nodes?cursor={quote(cursor)}")["detail"]
