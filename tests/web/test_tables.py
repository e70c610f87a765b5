"""Tables: sorted, filtered, paged, with the columns that were chosen, and exported as they are shown."""

from __future__ import annotations

import csv
import html
import io
import re
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from web.test_pool import prepare, reserve

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods

    Browser = Callable[..., FlaskClient]
    Session = psycopg.Connection[TupleRow]

ADDRESSES = "/pools/1/addresses"
CELL = re.compile(r"<t[hd][^>]* data-label=\"([^\"]+)\"[^>]*>(?:<[^>]*>)*([^<]*)")


PLACE = re.compile(r"[?&](after|before)=")


def link(page: str, which: str) -> str:
    """Where the link to the next or previous page leads; "" if there is none."""
    found = re.search(rf'rel="{which}" href="([^"]+)"', page)
    return html.unescape(found[1]) if found else ""


def rows(page: str) -> list[dict[str, str]]:
    """The rows of a table, by the labels of their columns."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [dict(CELL.findall(row)) for row in body.split("</tr>") if "data-label" in row]


def column(client: FlaskClient, path: str, label: str) -> list[str]:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return [row[label] for row in rows(answer.text)]


def test_the_addresses_of_a_pool_are_rows_with_their_state(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    prepare(pods, dba)
    client = browser()
    found = rows(client.get(ADDRESSES).text)
    assert {row["Address"]: row["State"] for row in found} == {
        "10.0.0.1": "gateway",
        "10.0.0.2": "pod",
        "10.0.0.3": "sticky",
        "10.0.0.4": "quarantined",
        "10.0.0.5": "reserved by hand",
        "10.0.0.6": "excluded",
        "10.0.0.7": "excluded",
        **{f"10.0.0.{last}": "free" for last in range(8, 13)},
    }
    assert [row["Address"] for row in found] == [f"10.0.0.{last}" for last in range(1, 13)]
    assert found[1]["Owner"] == "default/web-0"
    assert found[1]["Node"] == "node7"
    assert found[4]["Description"] == "ticket 4711"
    assert found[5]["Description"] == "printers"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=-address&state=free", [f"10.0.0.{last}" for last in range(12, 7, -1)]),
        ("q=4711", ["10.0.0.5"]),
        ("q=TICKET", ["10.0.0.5"]),
        ("q=node7 web", ["10.0.0.2"]),
        ("q=default/STORE", ["10.0.0.3"]),
        ("q=10.0.0.4/31", ["10.0.0.4", "10.0.0.5"]),
        ("q=10.0.0.1&state=free", ["10.0.0.10", "10.0.0.11", "10.0.0.12"]),
        ("q=nothing/has", []),
        ("q=10.0.0.0/99", []),
        ("q=%25", []),
        ("q=%00", [f"10.0.0.{last}" for last in range(1, 13)]),
        ("sort=nonsense&page=nonsense&rows=nonsense&state=nonsense&columns=nonsense", None),
        ("sort=-since;drop", None),
        ("page=-3", None),
        ("page=99", []),
    ],
)
def test_the_url_says_what_a_table_shows(
    browser: Browser, pods: Pods, dba: Session, query: str, expected: list[str] | None
) -> None:
    prepare(pods, dba)
    found = column(browser(), f"{ADDRESSES}?{query}", "Address")
    assert found == ([f"10.0.0.{last}" for last in range(1, 13)] if expected is None else expected)


def test_every_column_sorts_both_ways_and_says_so(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    prepare(pods, dba)
    client = browser()
    for path in (ADDRESSES, "/reservations"):
        page = client.get(path).text
        names = re.findall(r'name="columns" value="(\w+)"', page)
        every = f"{path}?columns={','.join(names)}"
        links = re.findall(r'<th scope="col"[^>]*><a href="([^"]+)"', client.get(every).text)
        assert len(links) >= len(names) - 4  # the ends of runs, MAC addresses, labels
        for link in links:
            once = client.get(link.replace("&amp;", "&")).text
            turned = re.search(r'aria-sort="(\w+)"><a href="([^"]+)">([^<]+)', once)
            assert turned
            twice = client.get(turned[2].replace("&amp;", "&")).text
            again = re.search(r'aria-sort="(\w+)"', twice)
            assert again
            assert {turned[1], again[1]} == {"ascending", "descending"}
            # Rows with the same value stay in the order of their addresses.
            for name, order in (("Address", sorted), (turned[3], list)):
                first, second = ([row[name] for row in rows(page)] for page in (once, twice))
                if not any(value.endswith("ago") for value in first):  # they age between two pages
                    assert order(second) == order(first[::-1]), link


def test_pages_and_exports_have_each_row_once(browser: Browser, pods: Pods, dba: Session) -> None:
    prepare(pods, dba)
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr)"
        " SELECT id, name, '10.8.0.0/16' FROM networks"
    )
    dba.execute(
        "SELECT reserve_v1('ada', '', 2, NULL, 260, 'pod', '', 'shop', 'web-9', 'net1', NULL, '')"
    )
    client = browser()
    path = "/pools/2/addresses?sort=-since&rows=50&state=sticky"
    found = [
        address
        for page in range(1, 7)
        for address in column(client, f"{path}&page={page}", "Address")
    ]
    assert len(set(found)) == len(found) == 260
    exported = client.get(path.replace("addresses?", "addresses.csv?"))
    assert [row["address"] for row in csv.DictReader(io.StringIO(exported.text))] == found
    # Free space of a large pool is a run, whose parts the allocator keeps apart.
    (free,) = rows(client.get("/pools/2/addresses?state=free&columns=state,count").text)
    assert free["Address"].endswith("10.8.255.254")


def test_the_pages_of_a_long_table_lead_to_each_other_by_their_ends(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    prepare(pods, dba)
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr)"
        " SELECT id, name, '10.8.0.0/16' FROM networks"
    )
    dba.execute(
        "SELECT reserve_v1('ada', '', 2, NULL, 2600, 'pod', '', 'shop', 'web-9', 'net1', NULL, '')"
    )
    client, path = browser(), "/pools/2/addresses?sort=-since&rows=250&state=sticky"
    forward, places = [], []
    page = last = ""
    while path:
        page = client.get(path).text
        forward.append([row["Address"] for row in rows(page)])
        places.append(PLACE.findall(path))
        last, path = path, link(page, "next")
    assert len(set(chain(*forward))) == sum(map(len, forward)) == 2600
    assert ["after"] in places
    backward, path = [], last
    while path:
        page = client.get(path).text
        backward.append([row["Address"] for row in rows(page)])
        places.append(PLACE.findall(path))
        path = link(page, "prev")
    assert backward == forward[::-1]
    assert ["before"] in places
    # The first and the last pages need none, and neither a filter nor an order keeps one.
    assert places[0] == places[len(forward) - 1] == []
    assert not re.search(r"sort=[^\"]*(after|before)=", page)


def test_an_export_has_what_is_shown_and_no_formula(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    prepare(pods, dba)
    reserve(dba, "ARRAY['10.0.0.9'::inet], NULL", "=HYPERLINK(1)", "+1\n2")
    client = browser()
    query = "q=10.0.0.9&columns=owner,description,since"
    answer = client.get(f"/reservations.csv?{query}")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    head, row = csv.reader(io.StringIO(answer.text))
    assert head == ["address", "owner", "since", "description"]
    assert (row[1], row[3]) == ("'=HYPERLINK(1)", "'+1\n2")
    (item,) = client.get(f"/reservations.json?{query}").get_json()
    assert (list(item), item["owner"], item["since"]) == (head, "=HYPERLINK(1)", row[2])
    assert client.get("/reservations.json?q=nothing/has").json == []
    assert client.get("/reservations.xml").status_code == 404


def test_a_huge_pool_is_listed_by_runs(browser: Browser, dba: Session) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute("INSERT INTO pools (network_id, network_name, cidr) VALUES (1, '', 'fd00::/64')")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) VALUES (1, 'fd00::8', 'fd00::1:0:0:0')"
    )
    reserve(dba, "ARRAY['fd00::2'::inet], NULL", "nas", "")
    found = rows(browser().get(f"{ADDRESSES}?columns=state,count").text)
    assert [(row["Address"], row["State"]) for row in found] == [
        ("fd00::1", "free"),
        ("fd00::2", "reserved by hand"),
        ("fd00::3 \N{EN DASH} fd00::7", "free"),
        ("fd00::8 \N{EN DASH} fd00::1:0:0:0", "excluded"),
        ("fd00::1:0:0:1 \N{EN DASH} fd00::ffff:ffff:ffff:fffe", "free"),
    ]
    assert found[2]["Addresses"] == "5"


def test_a_viewer_cannot_select_rows(browser: Browser, pods: Pods, dba: Session) -> None:
    prepare(pods, dba)
    viewer, operator = browser("viewer"), browser("operator")
    for path in (ADDRESSES, "/reservations"):
        assert 'type="checkbox" name="addresses"' not in viewer.get(path).text
        assert 'type="checkbox" name="addresses"' in operator.get(path).text


def test_a_pool_has_its_history_and_its_changes(browser: Browser, pods: Pods, dba: Session) -> None:
    prepare(pods, dba)
    dba.execute("UPDATE pools SET description = 'for tests'")
    dba.execute("INSERT INTO networks (name) VALUES ('other')")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last)"
        " SELECT id, '10.0.0.6', '10.0.0.6' FROM networks WHERE name = 'other'"
    )
    client = browser()
    history = rows(client.get("/pools/1/history").text)
    assert [row["Address"] for row in history] == [f"10.0.0.{last}" for last in (4, 3, 2, 5)]
    assert [row["Until (UTC)"] == "now" for row in history] == [False, True, True, True]
    assert history[0]["Owner"] == "default/gone-0"
    assert history[0]["Ended"].endswith("DEL")
    assert column(client, "/pools/1/history?q=default/store", "Address") == ["10.0.0.3"]
    changes = rows(client.get("/pools/1/audit").text)
    assert [row["Action"] for row in changes] == [
        "pool.update",
        "reservation.create",
        "exclusion.create",
        "pool.create",
    ]
    assert column(client, "/pools/1/audit?q=4711", "Object") == ["10.0.0.5"]
    for path in ("/pools/1/history.csv", "/pools/1/audit.json"):
        assert client.get(path).status_code == 200
    assert client.get("/pools/9/history").status_code == 404


def test_the_browser_keeps_columns_and_the_url_wins(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    prepare(pods, dba)
    client = browser()

    def shown(path: str) -> list[str]:
        return list(rows(client.get(path).text)[0])

    standard = shown(ADDRESSES)
    client.set_cookie("columns-pool-addresses", "address,mac,node")
    assert shown(ADDRESSES) == ["Address", "Node", "MAC"]
    assert shown(f"{ADDRESSES}?columns=state") == ["Address", "State"]
    # The links of a page with the standard columns say so, as this browser usually shows others.
    usual = f"{ADDRESSES}?columns=address,state,owner,node,since,description,labels"
    assert shown(usual) == standard
    link = re.search(r'<th scope="col"[^>]*><a href="([^"]+)"', client.get(usual).text)
    assert link
    assert shown(link[1].replace("&amp;", "&")) == standard
    client.set_cookie("columns-pool-addresses", "nonsense")
    assert shown(ADDRESSES) == standard
