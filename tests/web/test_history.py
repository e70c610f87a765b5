"""The pages of addresses, pods and nodes: what is, and what was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fixtures.pods import Pods, subnet
from web.test_tables import column

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    Browser = Callable[..., FlaskClient]
    Session = psycopg.Connection[TupleRow]

POOL = subnet("10.0.0.0/28")


def state(page: str) -> str:
    """What an address is now, in words."""
    (found,) = re.findall(r'<p class="state">.*?<b>([^<]+)</b>', page)
    return str(found)


def test_an_address_shows_its_present_and_past_owners(browser: Browser, pods: Pods) -> None:
    pods.add("web-0", POOL, node="node7", container="c0ffee00112233445566")
    pods.delete("c0ffee00112233445566")
    pods.add("web-1", POOL, node="node8", container="deadbeef00112233445566", uid="u-1")
    page = browser().get("/addresses/1/10.0.0.1").text
    assert state(page) == "In use"
    now, _, history = page.partition('id="tenures"')
    assert "default/web-1" in now
    assert "u-1" in now
    assert '<a href="/nodes/node8">' in now
    assert history.index("default/web-1") < history.index("default/web-0")
    assert "so far" in history
    assert '<a href="/nodes/node7">' in history
    assert "c0ffee001122" in history
    assert "its pod was torn down (DEL), by" in history


def test_an_address_tells_why_it_has_no_owner(browser: Browser, pods: Pods, dba: Session) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr, gateway, window_last, reuse_delay)"
        " SELECT id, '', '10.0.0.0/28', '10.0.0.14', '10.0.0.13', '1 hour' FROM networks"
    )
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) VALUES (1, '10.0.0.8', '10.0.0.9')"
    )
    pods.add("web-0", POOL)
    pods.delete("web-0")
    pods.add("store-0", subnet("10.0.0.0/28", requested="10.0.0.5"), sticky=True)
    pods.delete("store-0")
    client = browser()
    states = {
        last: state(client.get(f"/addresses/1/10.0.0.{last}").text)
        for last in (1, 2, 5, 8, 14, 15, 99)
    }
    assert states == {
        1: "Quarantined",
        2: "Free",
        5: "Sticky",
        8: "Excluded",
        14: "Gateway",
        15: "Never assigned",
        99: "In no pool",
    }
    assert "the broadcast address of" in client.get("/addresses/1/10.0.0.15").text
    dba.execute("UPDATE pools SET drained = true")
    assert "the pool is drained" in client.get("/addresses/1/10.0.0.2").text


def test_an_address_has_one_page_however_it_is_written(browser: Browser, pods: Pods) -> None:
    pods.add("web-0", subnet("fd00::/64"))
    client = browser()
    answer = client.get("/addresses/1/FD00:0::0001")
    assert answer.status_code == 302
    assert client.get(answer.location).status_code == 200
    for path in ("/addresses/1/10.0.0", "/addresses/1/x", "/addresses/9/10.0.0.1"):
        assert client.get(path).status_code == 404


def test_a_pod_shows_its_addresses_over_time(browser: Browser, pods: Pods) -> None:
    pods.add("web-0", POOL, node="node7")
    pods.delete("web-0")
    pods.add("web-1", POOL)
    pods.add("web-0", POOL, node="node8")
    page = browser().get("/pods/default/web-0").text
    assert "holds 1 address<" in page
    history = page.partition('id="history"')[2]
    assert history.index("10.0.0.2") < history.index("10.0.0.1")
    assert page.count("<rect ") == 2
    pods.delete("web-0")
    assert "no longer holds an address" in browser("operator").get("/pods/default/web-0").text
    assert browser("admin").get("/pods/default/web-9").status_code == 404


def test_what_was_reserved_by_hand_has_a_page_as_well(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    pods.add("web-0", POOL)
    dba.execute("SELECT reserve_v1('ada', '', 1, NULL, 1, 'static', '', '', 'nas/1', '', NULL, '')")
    client = browser()
    page = client.get("/addresses/1/10.0.0.2").text
    assert state(page) == "Reserved by hand"
    (link,) = set(re.findall(r'href="(/pods/-/[^"]+)"', page))
    assert "10.0.0.2" in client.get(link).text


def test_a_node_shows_what_runs_on_it(browser: Browser, pods: Pods) -> None:
    for number in range(3):
        pods.add(f"web-{number}", POOL, node=f"node{number % 2}")
    page = browser().get("/nodes/node0").text
    assert "2 interfaces with an address" in page
    assert "default/web-0" in page
    assert "default/web-1" not in page
    assert "No pod on a node with this name" in browser("operator").get("/nodes/node9").text


def test_a_node_shows_its_last_report(browser: Browser, pods: Pods, dba: Session) -> None:
    pods.add("web-0", POOL, node="n1")
    client = browser()
    assert "No node has reported" in client.get("/nodes").text
    for node in ("n0", "n1", "n2"):
        dba.execute("SELECT report_node_v1('', %s, '0.1.0', '<b>', 2, 512, now())", (node,))
    dba.execute("UPDATE nodes SET last_seen = last_seen - interval '10 min' WHERE node = 'n2'")
    page = client.get("/nodes").text
    assert re.findall(r">(n\d)</a>", page) == ["n2", "n0", "n1"]
    assert "3 reported within a day" in page
    assert "1 late" in page
    assert "6 kept DELs" in page
    assert "not seen for 10\u202fmin" in page
    assert "<b>" not in page
    assert "not seen for 10\u202fmin" in client.get("/nodes/n2").text
    assert "0.1.0" in client.get("/nodes/n1?cluster=").text
    assert "0.1.0" not in client.get("/nodes/n1?cluster=other").text


def test_a_name_that_no_node_has_is_no_error(browser: Browser) -> None:
    client = browser()
    for path in ("/nodes/%00", "/nodes?cluster=%00", "/pods/%00/x", "/pods/-/%00"):
        assert client.get(path).status_code == 404, path
    for path in ("/nodes/%ff", "/nodes?cluster=%ed%a0%80", "/audit?actor=%00", "/search?q=%ff"):
        assert client.get(path).status_code < 500, path


def test_a_timeline_is_filtered_by_kind_actor_time_and_text(
    browser: Callable[..., FlaskClient], pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"), node="node1")
    pods.delete("web-0")
    pods.add("web-1", subnet("10.0.0.0/24"), node="node2")
    dba.execute(
        "UPDATE tenures SET during = tstzrange('2026-01-01 00:00+00', '2026-01-02 00:00+00')"
        " WHERE owner_name = 'web-0'"
    )
    client = browser()
    (actor,) = dba.execute("SELECT DISTINCT started_by FROM tenures").fetchone() or ("",)
    for query, names in (
        ("", ["web-1", "web-0"]),
        ("end=DEL", ["web-0"]),
        ("end=-", ["web-1"]),
        ("start=ADD", ["web-1", "web-0"]),
        ("start=API", []),
        ("actor=nobody", []),
        (f"actor={actor.upper()}", ["web-1", "web-0"]),
        ("q=NODE2", ["web-1"]),
        ("q=default/web+node1", ["web-0"]),
        ("until=2026-01-01T12:00", ["web-0"]),
        ("since=2026-01-03T00:00", ["web-1"]),
        ("since=nonsense&end=nonsense", ["web-1", "web-0"]),
    ):
        page = client.get(f"/addresses/1/10.0.0.1?{query}").text
        timeline = page.partition('id="tenures"')[2]
        assert re.findall(r"default/(web-\d)</a>", timeline) == names, query
        # A live page stays filtered.
        live = re.search(r'data-live="([^"]+)"', page)
        assert live
        assert ("end=DEL" in live[1]) == (query == "end=DEL")
    for query, names in (
        ("end=DEL", ["default/web-0"]),
        ("end=-", ["default/web-1"]),
        ("start=API", []),
        ("until=2026-01-01T12:00", ["default/web-0"]),
        ("since=2026-01-03T00:00&start=ADD", ["default/web-1"]),
        (f"q={actor}+web-0", ["default/web-0"]),
    ):
        assert column(client, f"/pools/1/history?{query}", "Owner") == names, query
    refused = client.get("/pools/1/history?since=yesterday")
    assert refused.status_code == 422
    assert "From: " in refused.text
    assert client.get("/pools/1/history.csv?since=yesterday").status_code == 422


def test_the_timeline_of_a_pod_has_the_filters_of_an_address(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    pods.add("web-0", POOL, node="node1", container="c-1")
    pods.delete("c-1")
    pods.add("other-0", POOL)
    pods.add("web-0", POOL, node="node2", container="c-2")
    dba.execute(
        "UPDATE tenures SET during = '[2026-01-01 00:00+00, 2026-01-02 00:00+00)' WHERE address = '10.0.0.1'"
        " AND owner_name = 'web-0'"
    )
    dba.execute(
        "UPDATE tenures SET during = '[2026-01-04 00:00+00,)' WHERE upper_inf(during) AND owner_name = 'web-0'"
    )
    [(actor,)] = dba.execute("SELECT DISTINCT started_by FROM tenures WHERE owner_name = 'web-0'")
    client = browser()
    for query, found in (
        ("", ["10.0.0.2", "10.0.0.1"]),
        ("end=DEL", ["10.0.0.1"]),
        ("end=-", ["10.0.0.2"]),
        ("start=ADD", ["10.0.0.2", "10.0.0.1"]),
        ("start=API", []),
        ("actor=nobody", []),
        (f"actor={actor.upper()}", ["10.0.0.2", "10.0.0.1"]),
        ("q=NODE2", ["10.0.0.2"]),
        ("q=10.0.0.1", ["10.0.0.1"]),
        ("until=2026-01-01T12:00", ["10.0.0.1"]),
        ("since=2026-01-03T00:00", ["10.0.0.2"]),
        ("since=2026-01-02T03:00&zone=Asia/Tokyo", ["10.0.0.2", "10.0.0.1"]),
        ("since=nonsense&end=nonsense", ["10.0.0.2", "10.0.0.1"]),
    ):
        answer = client.get(f"/pods/default/web-0?{query}")
        assert answer.status_code == 200
        page = answer.text
        history = page.partition('id="tenures"')[2]
        assert re.findall(r">(10\.0\.0\.\d)</a>", history) == found, query
        assert ("No entry matches this filter." in page) == (not found), query
        # The present is not filtered, and a live page stays filtered.
        assert "10.0.0.2" in page.partition('id="then"')[0]
        live = re.search(r'data-live="([^"]+)"', page)
        assert live
        assert ("end=DEL" in live[1]) == (query == "end=DEL")
    # A filter that finds nothing is no reason to say that there is no such pod.
    pods.delete("c-2")
    assert client.get("/pods/default/web-0?start=API").status_code == 200
    assert client.get("/pods/default/unknown?start=API").status_code == 404


def test_the_plot_of_a_pool_shows_the_period_that_the_url_has(
    browser: Callable[..., FlaskClient], pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    dba.execute(
        "INSERT INTO fill_samples SELECT 1, '2026-01-01 00:00+00'::timestamptz + n * interval '15 minutes', n"
        " FROM generate_series(0, 95) AS n"
    )
    client = browser()
    page = client.get("/pools/1?since=2026-01-01T06:00&until=2026-01-01T12:00").text
    assert "Between 24 and 48 addresses held" in page
    assert 'data-begins="2026-01-01T06:00:00+00:00" data-ends="2026-01-01T12:00:00+00:00"' in page
    assert 'value="2026-01-01T06:00"' in page
    assert "/pools/1/history?since=2026-01-01T06:00Z&" in page
    empty = client.get("/pools/1?since=2025-01-01&until=2025-01-02").text
    assert "There are no samples in this period" in empty
    for query in ("since=x&until=y", "since=2999-01-01T00:00", "span=decade"):
        assert re.search(r'aria-current="true">Week', client.get(f"/pools/1?{query}").text), query
    # At least an hour.
    page = client.get("/pools/1?since=2026-01-01T06:00&until=2026-01-01T05:00").text
    assert 'data-ends="2026-01-01T07:00:00+00:00"' in page
