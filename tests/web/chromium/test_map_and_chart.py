"""The map of addresses and the chart of a pool's page: what they show, and how people point at it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from web.chromium.conftest import NARROW

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from playwright.sync_api import Locator, Page
    from psycopg.rows import TupleRow

    from web.chromium.sample import Sample
    from web.chromium.visitor import Visitor

    Session = psycopg.Connection[TupleRow]
    Visit = Callable[..., Visitor]

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]

STATES = """
SELECT host(a.address),
       CASE WHEN r.owner_kind = 'static' THEN 'reserved'
            WHEN r.sticky THEN 'sticky'
            WHEN r.address IS NOT NULL THEN 'pod'
            WHEN e.id IS NOT NULL THEN 'excluded'
            WHEN f.quarantined THEN 'quarantined'
            WHEN a.address = set_masklen(p.gateway, 32) THEN 'gateway'
            WHEN a.address NOT BETWEEN coalesce(p.window_first, first_usable(p.cidr))
                                   AND coalesce(p.window_last, last_usable(p.cidr)) THEN 'outside'
            ELSE 'free' END
  FROM pools p
 CROSS JOIN LATERAL (SELECT first_address(p.cidr) + n AS address FROM generate_series(0, 255) AS n) AS a
  LEFT JOIN reservations r ON r.network_id = p.network_id AND r.address = a.address
  LEFT JOIN exclusions e ON e.network_id = p.network_id AND a.address BETWEEN e.first AND e.last
  LEFT JOIN free_ranges f ON f.network_id = p.network_id AND a.address BETWEEN f.first AND f.last
 WHERE p.id = %s
"""
OWNERS = """
SELECT host(address), concat_ws('/', nullif(owner_namespace, ''), owner_name) FROM reservations WHERE pool_id = %s
"""


def test_the_cells_of_the_map_are_what_the_database_says(
    visit: Visit, sample: Sample, sample_rows: Session
) -> None:
    pool = sample.pools["storage-a"]
    visitor = visit()
    page = visitor.log_in(sample.tokens["viewer"], f"/pools/{pool}")
    expect(page.locator("[data-map] a")).to_have_count(256)
    cells = page.locator("[data-map] a").evaluate_all(
        "(cells) => cells.map((one) => [one.getAttribute('aria-label'), one.className])"
    )
    states: dict[str, str] = dict(sample_rows.execute(STATES, (pool,)).fetchall())
    assert len(states) == 256
    assert {label.split(": ")[0]: state for label, state in cells} == states
    assert set(states.values()) >= {
        "pod",
        "sticky",
        "reserved",
        "excluded",
        "quarantined",
        "gateway",
        "free",
    }
    owners: dict[str, str] = dict(sample_rows.execute(OWNERS, (pool,)).fetchall())
    for label, _ in cells:
        address = label.split(": ")[0]
        if address in owners:
            assert owners[address] in label
    visitor.check()


def test_the_map_is_walked_with_arrow_keys_and_tells_where_one_is(
    visit: Visit, sample: Sample
) -> None:
    visitor = visit()
    page = visitor.log_in(sample.tokens["viewer"], f"/pools/{sample.pools['storage-a']}")
    page.locator("[data-map] a").first.focus()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#readout")).to_contain_text("10.20.0.9")
    expect(page.locator("#readout")).to_contain_text("web-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("10.20.0.9")
    visitor.check()


@pytest.fixture
def pool_with_samples(sample: Sample, sample_rows: Session) -> int:
    """A pool whose chart has a sample of each hour of a week."""
    pool = sample.pools["storage-a"]
    sample_rows.execute(
        "INSERT INTO fill_samples SELECT %s, now() - n * interval '1 hour', n %% 7 FROM generate_series(1, 160) AS n"
        " ON CONFLICT DO NOTHING",
        (pool,),
    )
    return pool


def drag_over_half_of_the_chart(page: Page) -> None:
    """Press the button of the mouse at a quarter of the chart, and move to three quarters."""
    page.locator("[data-plot]").scroll_into_view_if_needed()
    box = page.locator("[data-plot]").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)


def test_a_period_is_selected_in_the_chart_and_kept_in_the_url(
    visit: Visit, sample: Sample, pool_with_samples: int
) -> None:
    visitor = visit()
    page = visitor.log_in(sample.tokens["viewer"], f"/pools/{pool_with_samples}")
    drag_over_half_of_the_chart(page)
    expect(page.locator(".plot .selection")).to_be_visible()
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"since=.*&until=.*#time$"))
    begins, ends = page.locator("[data-plot]").evaluate(
        "(plot) => [plot.dataset.begins, plot.dataset.ends].map((text) => new Date(text).getTime() / 3.6e6)"
    )
    # Half of a week.
    assert ends - begins == pytest.approx(84, abs=2)
    page.reload()
    expect(page.get_by_role("link", name="Reset")).to_be_visible()
    # By keyboard: the fields below the chart.
    page.get_by_label("From (UTC)").fill("2026-01-01T00:00")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("since=2026-01-01T00%3A00"))
    page.get_by_role("link", name="Reset").click()
    expect(page.get_by_role("link", name="Week")).to_have_attribute("aria-current", "true")
    visitor.check()


def test_a_person_chooses_the_time_zone_of_the_device(
    visit: Visit, sample: Sample, pool_with_samples: int
) -> None:
    visitor = visit(timezone_id="Asia/Tokyo")
    page = visitor.log_in(sample.tokens["viewer"], f"/pools/{pool_with_samples}")
    page.get_by_role("link", name="Times are in UTC").click()
    page.get_by_role("button", name="Select Asia/Tokyo, as this device").click()
    page.get_by_role("button", name="Use this time zone").click()
    expect(page.get_by_role("link", name="Times are in Asia/Tokyo")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/pools/\d+$"))
    # The form shows the period that was selected in the chart.
    drag_over_half_of_the_chart(page)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"since=[^&]*Z&until=[^&]*Z#time$"))
    since = datetime.fromisoformat(parse_qs(urlsplit(page.url).query)["since"][0])
    shown = page.get_by_label("From (Asia/Tokyo)").input_value()
    assert datetime.fromisoformat(f"{shown}+09:00") == since
    visitor.check()


def test_a_finger_that_rests_selects_cells_and_one_that_moves_scrolls(
    visit: Visit, sample: Sample
) -> None:
    visitor = visit(viewport=NARROW, has_touch=True, is_mobile=True)
    page = visitor.log_in(sample.tokens["operator"], f"/pools/{sample.pools['quiet']}")
    touch = page.context.new_cdp_session(page)
    low, high = "10.22.0.36", "10.22.0.39"

    def place(address: str) -> dict[str, float]:
        """The middle of a cell, which is in view. In one step: the page may replace its cells at any moment."""
        found: dict[str, float] = page.locator("[data-map]").evaluate(
            """(map, address) => {
              const cell = map.querySelector(`a[href$='/${address}']`);
              cell.scrollIntoViewIfNeeded();
              const box = cell.getBoundingClientRect();
              return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
            }""",
            address,
        )
        return found

    def finger(kind: str, *points: dict[str, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    dialog = page.get_by_role("dialog")
    finger("touchStart", place(low))
    picked = page.locator("[data-map] a.picked")
    expect(picked).to_have_count(1)
    finger("touchMove", place(high))
    expect(picked).to_have_count(4)
    finger("touchEnd")
    expect(dialog.get_by_label("Address", exact=True)).to_have_value("10.22.0.36-10.22.0.39")
    page.keyboard.press("Escape")
    expect(picked).to_have_count(0)
    begins = place(low)
    finger("touchStart", begins)
    for step in range(1, 6):
        finger("touchMove", begins | {"y": begins["y"] - 30 * step})
    finger("touchEnd")
    expect(picked).to_have_count(0)
    expect(dialog).to_be_hidden()
    visitor.check()


def test_a_change_elsewhere_does_not_take_a_selection_away(
    visit: Visit, sample: Sample, sample_rows: Session
) -> None:
    pool = sample.pools["quiet"]
    visitor = visit()
    page = visitor.log_in(sample.tokens["operator"], f"/pools/{pool}")
    expect(page.locator("[data-live-state=live]")).to_be_visible()
    page.locator("[data-map]").scroll_into_view_if_needed()

    def cell(number: int) -> Locator:
        return page.locator(f"[data-map] a[href$='/10.22.0.{number}']")

    free = page.locator("#figures").inner_text()
    cell(70).hover()
    page.mouse.down()
    cell(73).hover()
    picked = page.locator("[data-map] a.picked")
    expect(picked).to_have_count(4)
    sample_rows.execute(
        "SELECT reserve_v1('ada', '', %s, '{10.22.0.80}', 1, 'static', '', '', 'meanwhile', '', NULL, '')",
        (pool,),
    )
    expect(page.locator("#figures")).not_to_have_text(free, use_inner_text=True)
    expect(picked).to_have_count(4)
    page.mouse.up()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Address", exact=True)).to_have_value("10.22.0.70-10.22.0.73")
    page.keyboard.press("Escape")
    expect(cell(80)).to_have_class("reserved")
    visitor.check()
