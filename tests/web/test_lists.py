"""The lists of pools, networks, owners, nodes, exclusions and quotas, and the tree of prefixes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fixtures.pods import Pods, subnet
from rowhouse.store.inventory import occupancy
from rowhouse.web.inventory import tree_page
from web.test_tables import column, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import psycopg
    import pytest
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

    Browser = Callable[..., FlaskClient]
    Session = psycopg.Connection[TupleRow]

LISTS = ("/pools", "/networks", "/exclusions", "/quotas", "/pods", "/nodes", "/events")


def prepare(pods: Pods, dba: Session) -> None:
    """Pools in each other and beside each other, in two networks."""
    for network, cidr in (
        ("storage", "10.0.0.0/16"),
        ("storage", "10.0.4.0/24"),
        ("storage", "10.0.128.0/17"),
        ("storage", "fd00::/64"),
        ("edge-10", "192.168.9.0/24"),
        ("edge-10", "192.168.10.0/24"),
        ("edge-10", "192.168.12.0/24"),
        ("edge-9", "172.16.0.0/24"),
    ):
        dba.execute(
            "INSERT INTO networks (name) SELECT %(network)s"
            " WHERE NOT EXISTS (SELECT FROM networks WHERE name = %(network)s)",
            {"network": network},
        )
        dba.execute(
            "INSERT INTO pools (network_id, network_name, cidr, labels)"
            """ SELECT id, name, %s, '{"team": "data"}' FROM networks WHERE name = %s""",
            (cidr, network),
        )
    pods.add("web-0", subnet("192.168.9.0/24", network="edge-10"), node="n1")
    pods.add("web-0", subnet("10.0.4.0/24", network="storage"), node="n1")
    pods.add("web-1", subnet("192.168.9.0/24", network="edge-10"), node="n2")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last, reason) VALUES (1, '10.0.9.0', '10.0.9.9', 'Routers')"
    )
    dba.execute("INSERT INTO quotas (namespace, addresses) VALUES ('default', 3), ('shop', 9)")
    dba.execute("SELECT report_node_v1('prod-a', 'n1', '0.1.0', '0.1.0', 2, 512, now())")
    dba.execute("SELECT report_node_v1('', 'n10', '0.1.0', '0.1.0', 0, 0, now())")


def test_the_lists_sort_filter_and_export(browser: Browser, pods: Pods, dba: Session) -> None:
    client = browser()
    for path in LISTS:
        assert "0 rows" in client.get(path).text
    prepare(pods, dba)
    for path, label, expected in (
        ("/pools?network=2", "Pool", ["192.168.9.0/24", "192.168.10.0/24", "192.168.12.0/24"]),
        ("/pools?q=10.0.200.7", "Pool", ["10.0.0.0/16", "10.0.128.0/17"]),
        ("/pools?q=TEAM%3Ddata+edge-9", "Pool", ["172.16.0.0/24"]),
        ("/pools?sort=-used&rows=50", "Used", ["2", "1", "1", "0", "0", "0", "0", "0"]),
        ("/networks", "Network", ["edge-9", "edge-10", "storage"]),
        ("/networks?sort=-pools", "Pools", ["4", "3", "1"]),
        ("/exclusions?q=routers", "Addresses", ["10"]),
        ("/exclusions?q=10.0.9.0/29", "First", ["10.0.9.0"]),
        ("/quotas", "Namespace", ["default", "shop"]),
        ("/quotas?sort=addresses", "In use", ["3", "0"]),
        ("/pods?sort=-addresses", "Owner", ["default/web-0", "default/web-1"]),
        ("/pods?q=default/web-1", "Lowest address", ["192.168.9.2"]),
        ("/pods?owner_kind=static", "Owner", []),
        ("/nodes?sort=-node", "Node", ["n10", "n1"]),
        ("/nodes?cluster=-", "Node", ["n10"]),
        ("/nodes?cluster=prod-a", "Addresses", ["2"]),
        ("/nodes?state=late", "Node", []),
    ):
        assert column(client, path, label) == expected, path
        base, _, query = path.partition("?")
        assert len(client.get(f"{base}.json?{query}").get_json()) == len(expected), path
    for path in LISTS:
        page = client.get(path).text
        for link in re.findall(r'<th scope="col"[^>]*><a href="([^"]+)"', page):
            assert client.get(link.replace("&amp;", "&")).status_code == 200, link
        for link in re.findall(r'<t[hd][^>]* data-label[^>]*><a href="([^"]+)"', page):
            assert client.get(link.replace("&amp;", "&")).status_code == 200, link


def test_the_tree_shows_what_contains_what_and_what_is_free_between(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    prepare(pods, dba)
    page = browser("operator").get("/pools/tree").text
    lines = re.findall(
        r'<tr class="(\w+)">\s*<th scope="row" class="address depth-(\d)">(?:<a [^>]*>)?([^<]+)',
        page,
    )
    assert lines == [
        ("pool", "0", "172.16.0.0/24"),
        ("above", "0", "192.168.8.0/21"),
        ("gap", "1", "192.168.8.0/24"),
        ("pool", "1", "192.168.9.0/24"),
        ("pool", "1", "192.168.10.0/24"),
        ("gap", "1", "192.168.11.0/24"),
        ("pool", "1", "192.168.12.0/24"),
        ("gap", "1", "192.168.13.0 to 192.168.15.255"),
        ("pool", "0", "10.0.0.0/16"),
        ("gap", "1", "10.0.0.0/22"),
        ("pool", "1", "10.0.4.0/24"),
        ("gap", "1", "10.0.5.0 to 10.0.127.255"),
        ("pool", "1", "10.0.128.0/17"),
        ("pool", "0", "fd00::/64"),
    ]
    assert 'href="/pools/new?cidr=192.168.14.0/23&amp;network=edge-10"' in page.replace("%2F", "/")
    assert "/pools/new" not in browser("viewer").get("/pools/tree").text
    client = browser("admin")
    assert "172.16" not in client.get("/pools/tree?network=1").text
    assert "There is no such network" in client.get("/pools/tree?network=99").text


def test_the_first_column_of_a_table_cannot_be_left_out(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    prepare(pods, dba)
    (first, *_) = rows(browser().get("/pools?columns=labels,nonsense").text)
    assert first == {"Pool": "10.0.0.0/16", "Labels": "team=data"}


def test_a_long_tree_has_pages_that_continue_within_a_network(
    browser: Browser, pods: Pods, dba: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(pods, dba)
    client = browser()
    prefix = re.compile(r'<th scope="row"[^>]*>(?:<a[^>]*>)?([^<]+)')
    whole = prefix.findall(client.get("/pools/tree").text)
    monkeypatch.setattr(tree_page, "MAX_LINES", 4)
    parts: list[str] = []
    text, page = "", "/pools/tree"
    while page:
        text = client.get(page).text
        parts += prefix.findall(text)
        assert len(prefix.findall(text)) <= 4
        following = re.search(r'rel="next" href="([^"]+)"', text)
        page = following[1] if following else ""
    assert parts == whole
    assert prefix.findall(client.get("/pools/tree?page=99").text) == prefix.findall(text)


def test_only_the_pools_of_a_page_are_counted(
    browser: Browser, pods: Pods, dba: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(pods, dba)
    client = browser()
    counted: list[int | None] = []

    def fill_of_pools(
        database: Database, ids: Collection[int] | None = None
    ) -> list[occupancy.PoolFill]:
        counted.append(None if ids is None else len(ids))
        return inherited(database, ids)

    inherited = occupancy.fill_of_pools
    monkeypatch.setattr(occupancy, "fill_of_pools", fill_of_pools)
    # In either way the figures are the same.
    assert column(client, "/pools?q=192.168", "Used") == ["2", "0", "0"]
    assert column(client, "/pools?q=192.168&sort=-used", "Used") == ["2", "0", "0"]
    assert counted == [3, None]
