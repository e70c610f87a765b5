from __future__ import annotations

import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import rowhouse.web
from fixtures.pods import Pods, subnet
from rowhouse.cli.pool import create
from rowhouse.store.inventory import trends
from rowhouse.web.charts import Bar
from rowhouse.web.overview.figures import level_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

    Browser = Callable[..., FlaskClient]
    Session = psycopg.Connection[TupleRow]

WEB = Path(rowhouse.web.__path__[0])


def fill(pods: Pods, cidr: str, count: int, *, network: str = "") -> None:
    for number in range(count):
        pods.add(f"{network or 'default'}-{number}", subnet(cidr, network=network))


def test_an_empty_address_space_says_how_to_begin(browser: Browser) -> None:
    page = browser().get("/")
    assert page.status_code == 200
    assert "No pools yet." in page.text
    command = re.search(r"<code>rowhouse pool create (.*?)</code>", page.text)
    assert command
    create.make_context("create", shlex.split(command[1]))  # fails unless the options exist


def classes(html: str) -> list[str]:
    """The class of each cell of a row, without the one that only aligns it."""
    return [name.removeprefix("count ") for name in re.findall(r'<t[hd][^>]* class="(.+?)"', html)]


def test_the_columns_have_one_heading_and_one_width_each() -> None:
    table = (WEB / "overview/pools.html").read_text()
    head, _, body = table.partition("</thead>")
    columns = classes(head.partition("<thead>")[2])
    assert (len(columns), columns) == (head.count("<th "), list(dict.fromkeys(columns)))
    cells = body.partition("</tbody>")[0]
    assert (cells.count("<th ") + cells.count("<td "), classes(cells)) == (len(columns), columns)
    css = (WEB / "assets/overview.css").read_text()
    widths = re.findall(r"^ *\.pools thead \.(\w+) { width: (\d+)%; }", css, re.MULTILINE)
    assert ([name for name, _ in widths], sum(int(width) for _, width in widths)) == (
        columns,
        100,
    ), "in server/rowhouse/web/assets/overview.css, give each column of the table of pools a width"


def test_networks_and_pools_are_shown_with_their_fill(browser: Browser, pods: Pods) -> None:
    fill(pods, "10.0.0.0/28", 7, network="storage")
    pods.add("web-0", subnet("fd00::/64"))
    page = browser().get("/").text
    assert "8 addresses reserved, 2 pools in 2 networks" in page
    assert "Default network" in page
    assert ">storage</a>" in page
    assert 'aria-label="50\u202f% taken: 7 used, 0 quarantined, 0 excluded, 7 free"' in page


def test_what_needs_attention_comes_first_and_what_is_full_before_that(
    browser: Browser, pods: Pods
) -> None:
    fill(pods, "10.0.0.0/28", 12, network="filling")
    fill(pods, "10.0.1.0/30", 2, network="full")
    fill(pods, "10.0.2.0/24", 1, network="quiet")
    page = browser().get("/").text
    attention, _, networks = page.partition('<section class="sheet"')
    assert attention.index("10.0.1.0/30") < attention.index("10.0.0.0/28")
    assert "none left" in attention
    assert "10.0.2.0/24" not in attention
    assert "10.0.2.0/24" in networks


@pytest.mark.parametrize(
    ("total", "free", "excluded", "days", "level"),
    [
        (254, 0, 0, None, "bad"),
        (254, 3, 0, None, "bad"),
        (254, 64, 0, 0.5, "warn"),
        (65534, 3000, 0, None, "warn"),
        (254, 64, 0, 5, "near"),
        (254, 40, 0, None, "near"),
        (254, 64, 0, None, ""),
        (6, 1, 0, None, "near"),
        (254, 0, 254, None, ""),
        (0, 0, 0, None, ""),
    ],
)
def test_the_level_of_a_pool_knows_how_many_addresses_are_left(
    total: int, free: int, excluded: int, days: float | None, level: str
) -> None:
    used = total - free - excluded
    bar = Bar(total=total, used=used, quarantined=0, excluded=excluded, free=free)
    assert level_of(bar, None if days is None else timedelta(days=days)) == level


def test_a_pool_without_usable_addresses_is_not_full(browser: Browser, dba: Session) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('lab')")
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr) SELECT id, name, '10.0.0.0/29' FROM networks"
    )
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) VALUES (1, '10.0.0.0', '10.0.0.7')"
    )
    client = browser()
    for path in ("/", "/pools/1"):
        page = client.get(path).text
        assert "no usable addresses" in page, path
        assert "Warnings" not in page, path
    assert "none of it can be assigned" in client.get("/pools/1").text


def test_a_pool_that_fills_up_says_when_it_is_full(
    browser: Browser, pods: Pods, dba: Session, store: Database
) -> None:
    fill(pods, "10.0.0.0/27", 10)
    dba.execute(
        "INSERT INTO fill_samples"
        " SELECT 1, date_bin('15 minutes', now(), 'epoch') - n * interval '12 hours', 10 - n"
        "  FROM generate_series(0, 9) AS n"
    )
    trends.sample(store)
    page = browser().get("/").text
    assert "filling up" not in page  # 20 are free, two a day are taken
    assert re.search(r"in 10\u202fd|in 9\u202fd", page), page


def test_of_many_pools_each_network_shows_its_fullest(
    browser: Browser, pods: Pods, dba: Session
) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('large')")
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr)"
        " SELECT id, name, set_masklen('10.1.0.0'::inet + 256 * n, 24)::cidr"
        "   FROM networks, generate_series(0, 119) AS n"
    )
    pods.add("web-0", subnet("10.1.77.0/24", network="large"))
    client = browser()
    page = client.get("/").text
    assert page.count('<th scope="row" class="pool">') == 6
    assert "10.1.77.0/24" in page
    (link,) = re.findall(r'href="(/networks/\d+)">Show all 120 pools', page)
    assert client.get(link).text.count('<th scope="row" class="pool">') == 120


def test_networks_are_sorted_as_people_count(browser: Browser, dba: Session) -> None:
    for number in (10, 9, 1):
        dba.execute("INSERT INTO networks (name) VALUES (%s)", (f"vlan-{number}",))
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr) SELECT id, name, '10.0.0.0/24' FROM networks"
    )
    page = browser().get("/").text
    assert re.findall(r">(vlan-\d+)</a>", page) == ["vlan-1", "vlan-9", "vlan-10"]


def test_a_network_that_is_not_there_is_no_page(browser: Browser) -> None:
    assert browser().get("/networks/99").status_code == 404
