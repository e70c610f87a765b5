from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, LiteralString

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.app import create_app
from rowhouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    from fixtures.databases import Database

    Browser = Callable[..., FlaskClient]
    Session = psycopg.Connection[TupleRow]

GRAFANA = "https://grafana.example.org/sub"
CELL = re.compile(r'<a href="([^"]+)" class="([^"]+)" aria-label="([^"]+)"></a>')


def cells(page: str) -> dict[str, tuple[str, str]]:
    """State and label of each cell of the map, by where it leads."""
    return {href: (state, label) for href, state, label in CELL.findall(page)}


def reserve(dba: Session, which: LiteralString, name: str, description: str) -> None:
    dba.execute(
        "SELECT reserve_v1('ada', '', 1, " + which + ", 'static', '', '', %s, '', NULL, %s)",
        (name, description),
    )


def prepare(pods: Pods, dba: Session) -> None:
    """One address in each state, in 10.0.0.0/28."""
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr, name, gateway, window_last, reuse_delay)"
        " SELECT id, '', '10.0.0.0/28', 'storage-a', '10.0.0.1', '10.0.0.12', '1 hour' FROM networks"
    )
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last, reason)"
        " SELECT id, '10.0.0.6', '10.0.0.7', 'printers' FROM networks"
    )
    reserve(dba, "ARRAY['10.0.0.5'::inet], NULL", "nas", "ticket 4711")
    pods.add("web-0", subnet("10.0.0.0/28", requested="10.0.0.2"), node="node7")
    pods.add("store-0", subnet("10.0.0.0/28", requested="10.0.0.3"), sticky=True)
    pods.add("gone-0", subnet("10.0.0.0/28", requested="10.0.0.4"))
    pods.delete("gone-0")


def test_the_map_has_a_cell_for_each_address_that_tells_its_state(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    prepare(pods, dba)
    client = browser()
    found = cells(client.get("/pools/1").text)
    states = {href.rpartition("/")[2]: state for href, (state, _) in found.items()}
    assert states == {
        "10.0.0.0": "outside",
        "10.0.0.1": "gateway",
        "10.0.0.2": "pod",
        "10.0.0.3": "sticky",
        "10.0.0.4": "quarantined",
        "10.0.0.5": "reserved",
        "10.0.0.6": "excluded",
        "10.0.0.7": "excluded",
        **{f"10.0.0.{last}": "free" for last in range(8, 13)},
        **{f"10.0.0.{last}": "outside" for last in range(13, 16)},
    }
    labels = {href.rpartition("/")[2]: label for href, (_, label) in found.items()}
    assert labels["10.0.0.2"] == "10.0.0.2: pod default/web-0, on node7"
    assert labels["10.0.0.5"] == "10.0.0.5: reserved nas, ticket 4711"
    assert labels["10.0.0.6"] == "10.0.0.6: excluded printers"
    assert "until " in labels["10.0.0.4"]
    dba.execute("UPDATE exclusions SET requests_only = true")
    kept = cells(client.get("/pools/1").text)["/addresses/1/10.0.0.6"]
    assert kept == ("on-request", "10.0.0.6: on-request printers")
    listed = client.get("/pools/1/addresses.json?state=on-request").text
    assert (listed.count("10.0.0.6"), listed.count("10.0.0.7")) == (1, 1)
    assert "(2 available on request)" in client.get("/pools/1").text
    assert "is for requests only: printers" in client.get("/addresses/1/10.0.0.6").text


def test_each_cell_leads_to_its_address(browser: Browser, pods: Pods, dba: Session) -> None:
    prepare(pods, dba)
    client = browser()
    for href in cells(client.get("/pools/1").text):
        assert client.get(href).status_code == 200


def test_the_numbers_at_the_top_are_those_of_the_map(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    prepare(pods, dba)
    page = browser().get("/pools/1").text
    assert 'taken: 3 used, 1 quarantined, 2 excluded, 5 free"' in page


@pytest.mark.parametrize(
    ("cidr", "blocks", "first"),
    [("10.0.0.0/16", 256, "10.0.0.0/24"), ("10.0.0.0/19", 256, "10.0.0.0/27")],
)
def test_a_large_pool_is_shown_in_blocks_that_open(
    browser: Browser, pods: Pods, cidr: str, blocks: int, first: str
) -> None:
    pods.add("web-0", subnet(cidr))
    client = browser()
    found = cells(client.get("/pools/1").text)
    assert len(found) == blocks
    href, (state, label) = next(iter(found.items()))
    assert (state, label) == ("shade-1", f"{first}: 1 used")
    inside = cells(client.get(href).text)
    assert inside["/addresses/1/10.0.0.1"][0] == "pod"
    assert len(inside) == 2 ** (32 - int(first.partition("/")[2]))


def test_a_block_with_nothing_left_is_full_though_its_ends_are_never_given_out(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    pods.add("web-0", subnet("10.0.0.0/19"))
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) VALUES (1, '10.0.0.2', '10.0.0.31')"
    )
    found = list(cells(browser().get("/pools/1").text).values())
    assert found[0] == ("shade-5 some-excluded", "10.0.0.0/27: 1 used, 30 excluded")
    assert found[1] == ("shade-0", "10.0.0.32/27: nothing in use")


def test_of_a_huge_ipv6_pool_the_part_in_use_is_shown(browser: Browser, pods: Pods) -> None:
    pods.add("web-0", subnet("fd00::/64"))
    pods.add("web-1", subnet("fd00::/64", requested="fd00::1ff"))
    page = browser().get("/pools/1").text
    found = cells(page)
    assert len(found) == 4096  # whole digits: a /116
    assert found["/addresses/1/fd00::1ff"][0] == "pod"
    assert "fd00::/120" not in page
    assert 'href="/pools/1?within=fd00::/64"' in page


def test_no_link_of_the_whole_pool_asks_for_an_empty_part(browser: Browser, pods: Pods) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    page = browser().get("/pools/1?since=2026-01-01T00:00&until=2026-01-02T00:00").text
    links = re.findall(r'href="(/pools/1[^"]*)#time"', page)
    assert len(links) >= 4
    assert not [link for link in links if "within" in link]


@pytest.mark.parametrize("within", ["10.0.1.0/24", "fd00::/64", "10.0.0.1/24", "nonsense", ""])
def test_what_is_no_part_of_a_pool_is_no_page(browser: Browser, pods: Pods, within: str) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    assert browser().get("/pools/1", query_string={"within": within}).status_code == 404


def test_free_runs_are_joined_and_have_no_address_that_is_never_given_out(
    browser: Browser, pods: Pods
) -> None:
    for number in range(3):
        pods.add(f"web-{number}", subnet("10.0.0.0/24"))
    pods.delete("web-1")
    page = browser().get("/pools/1").text
    runs = re.findall(r'<tr><td class="address">([^<]+)</td><td class="address">([^<]+)</td>', page)
    assert runs == [("10.0.0.2", "10.0.0.2"), ("10.0.0.4", "10.0.0.254")]


def snippet(page: str) -> dict[str, object]:
    """The configuration in the definition for pods."""
    (text,) = re.findall(r'<pre id="definition"[^>]*>(.*?)</pre>', page, re.DOTALL)
    found: dict[str, object] = json.loads(text.partition("config: |")[2].replace("&#34;", '"'))
    return found


def test_the_definition_for_pods_names_the_pool(browser: Browser, pods: Pods, dba: Session) -> None:
    prepare(pods, dba)
    config = snippet(browser().get("/pools/1").text)
    assert config["ipam"] == {"type": "rowhouse", "pool": "storage-a"}


def test_the_definition_of_a_pool_without_a_name_gives_out_of_the_same_pool(
    browser: Browser, dba: Session
) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('storage')")
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr, gateway, window_first, window_last)"
        " SELECT id, name, '10.0.0.0/24', '10.0.0.1', '10.0.0.10', '10.0.0.20' FROM networks"
    )
    assert snippet(browser().get("/pools/1").text)["ipam"] == {
        "type": "rowhouse",
        "range": "10.0.0.0/24",
        "range_start": "10.0.0.10",
        "range_end": "10.0.0.20",
        "gateway": "10.0.0.1",
        "network_name": "storage",
    }


def test_a_plot_needs_two_samples(browser: Browser, pods: Pods, dba: Session) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    client = browser()
    assert "No data yet" in client.get("/pools/1").text
    dba.execute(
        "INSERT INTO fill_samples"
        " VALUES (1, now() - interval '20 hours', 3), (1, now() - interval '1 hour', 9)"
    )
    for span in ("day", "week", "month", "nonsense"):
        assert "from 3 to 9" in client.get(f"/pools/1?span={span}").text


def test_markup_in_names_is_text(browser: Browser, pods: Pods, dba: Session) -> None:
    pods.add("web-0", subnet("10.0.0.0/24"))
    dba.execute(
        "UPDATE pools SET name = '<b>x', description = '<script>', labels = '{\"<i>\": \"<i>\"}'"
    )
    reserve(dba, "NULL, 1", '"><script>', "<script>")
    client = browser()
    for path in (
        "/",
        "/pools/1",
        "/addresses/1/10.0.0.2",
        '/pods/-/"><script>',
        "/search?q=<script>",
    ):
        page = client.get(path).text
        assert not re.search(r"<script(?![^>]* src=)|<b>x|<i>", page), path


def test_a_pool_links_to_grafana_and_tells_it_where_the_pages_are(
    database: Database, pods: Pods, dba: Session
) -> None:
    pods.add("web-0", subnet("10.0.0.0/24", network="stor&age"))
    [(pool,)] = dba.execute("SELECT id FROM pools").fetchall()
    settings = Settings(
        database_url=database.url,
        auth="off",
        grafana_url=f"{GRAFANA}/",
        public_url="https://rowhouse.example.org",
    )
    app = create_app(settings)
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    page = client.get(f"/pools/{pool}").text
    link = f"{GRAFANA}/d/rowhouse?var-network=stor%26age&amp;var-pool=10.0.0.0%2F24"
    assert f'href="{link}"' in page
    told = client.get("/metrics", headers={"Accept": "text/plain"}).text
    assert 'rowhouse_pages_info{url="https://rowhouse.example.org"} 1.0' in told
    app.extensions["rowhouse"].store.close()
    with pytest.raises(ValueError, match="grafana"):
        Settings(database_url=database.url, auth="off", grafana_url="grafana.example.org")
