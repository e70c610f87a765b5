"""Tables in a real browser: the filter answers as one types, and keys do what the mouse does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from web.chromium.conftest import NARROW

if TYPE_CHECKING:
    from collections.abc import Callable

    from web.chromium.sample import Sample
    from web.chromium.visitor import Visitor

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]


def test_a_table_is_used_by_keys_alone(visit: Callable[..., Visitor], sample: Sample) -> None:
    visitor = visit()
    pool = sample.pools["storage-a"]
    page = visitor.log_in(sample.tokens["operator"], f"/pools/{pool}/addresses")
    rows = page.locator("table.rows tbody tr")
    release = page.get_by_role("button", name="Release", exact=True)
    expect(release).to_be_disabled()
    page.keyboard.press("/")
    page.keyboard.type("10.20.0.20")
    # What was typed is in the URL, and the rows are those that match.
    expect(page).to_have_url(re.compile(r"/addresses\?q=10\.20\.0\.20$"))
    expect(rows.first).to_contain_text("10.20.0.20")
    expect(page.get_by_role("status").filter(has_text="filtered")).to_be_visible()
    page.keyboard.press("Escape")
    expect(rows.nth(0).get_by_role("link").first).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1).get_by_role("link").first).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    expect(page.get_by_text("2 selected")).to_be_visible()
    expect(release).to_be_enabled()
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_label("Select all rows of this page").check()
    count = rows.count()
    expect(page.get_by_text(f"{count} selected")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/addresses/\d+/10\.20\.0\.20"))
    page.go_back()
    expect(page.get_by_label("Filter addresses: ")).to_have_value("10.20.0.20")
    page.locator("th[aria-sort=ascending] a").click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Address")
    expect(rows).to_have_count(count)


def test_selected_rows_are_reserved_and_released(
    visit: Callable[..., Visitor], sample: Sample
) -> None:
    visitor = visit()
    pool = sample.pools["quiet"]
    page = visitor.log_in(sample.tokens["operator"], f"/pools/{pool}/addresses?q=10.22.0.9")
    for address in ("10.22.0.90", "10.22.0.91"):
        page.get_by_label(f"Select {address}", exact=True).check()
    page.get_by_role("button", name="Reserve", exact=True).click()
    addresses = page.get_by_role("dialog").get_by_label("Address", exact=True)
    expect(addresses).to_have_value("10.22.0.90 10.22.0.91")
    page.get_by_label("Name", exact=True).fill("routers")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Reserve addresses").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    visitor.goto(f"/pools/{pool}/addresses?q=routers")
    page.get_by_label("Select all rows of this page").check()
    page.get_by_role("button", name="Release", exact=True).click()
    page.get_by_role("button", name="Release 2 addresses").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    visitor.goto(f"/pools/{pool}/addresses?q=routers")
    expect(page.get_by_text("No row matches this filter.")).to_be_visible()


def test_selected_rows_are_changed_in_a_dialog_and_columns_are_kept(
    visit: Callable[..., Visitor], sample: Sample
) -> None:
    visitor = visit()
    path = f"/pools/{sample.pools['tight']}/addresses"
    page = visitor.log_in(sample.tokens["operator"], f"{path}?q=tight-1&sort=-address")
    page.get_by_label("Select all rows of this page").check()
    page.get_by_role("button", name="Label", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Set").fill("team=data")
    dialog.get_by_role("button", name="Continue").click()
    dialog.get_by_role("button", name=re.compile("^Label ")).click()
    expect(dialog.get_by_role("heading", name="Done")).to_be_visible()
    page.keyboard.press("Escape")
    # The page below shows the change, with the same filter.
    expect(page).to_have_url(re.compile(r"q=tight-1&sort=-address$"))
    expect(page.locator("td[data-label=Labels]").first).to_have_text("team=data")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="Node").uncheck()
    page.get_by_role("checkbox", name="MAC").check()
    page.get_by_role("button", name="Show these columns").click()
    heading = page.locator("th[scope=col]")
    expect(heading.filter(has_text="MAC")).to_be_visible()
    visitor.goto(path)
    expect(heading.filter(has_text="MAC")).to_be_visible()
    expect(heading.filter(has_text="Node")).to_have_count(0)
    visitor.goto(f"{path}?columns=node")
    expect(heading.filter(has_text="Node")).to_be_visible()
    expect(heading.filter(has_text="MAC")).to_have_count(0)
    visitor.check()


def test_a_view_is_saved_opened_overwritten_and_deleted(
    visit: Callable[..., Visitor], sample: Sample
) -> None:
    visitor = visit()
    page = visitor.log_in(sample.tokens["viewer"], "/pods")
    page.get_by_role("searchbox", name="Filter pods").fill("web-1")
    expect(page).to_have_url(re.compile(r"/pods\?q=web-1$"))
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Save filter, order and columns as").fill("First of web")
    page.get_by_role("button", name="Save view").click()
    menu = page.get_by_text("View: First of web")
    expect(menu).to_be_visible()
    visitor.goto("/pods")
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("link", name="First of web", exact=True).click()
    expect(page.get_by_role("searchbox", name="Filter pods")).to_have_value("web-1")
    rows = page.locator("table.rows tbody tr")
    expect(rows.first).to_contain_text("web-1")
    # Another filter, while one types: the view stays open, and can be overwritten.
    page.get_by_role("searchbox", name="Filter pods").fill("web-2")
    expect(rows.first).to_contain_text("web-2")
    menu.click()
    page.get_by_role("button", name="Save changes to First of web").click()
    expect(page).to_have_url(re.compile("q=web-2"))
    menu.click()
    expect(page.get_by_role("button", name="Save changes to First of web")).to_have_count(0)
    page.get_by_role("link", name="Delete the view First of web").click()
    page.get_by_role("button", name="Delete view").click()
    expect(page).to_have_url(re.compile("/pods$"))
    page.get_by_text("Views", exact=True).click()
    expect(page.get_by_role("link", name="First of web", exact=True)).to_have_count(0)
    visitor.check()


def test_an_entry_of_the_audit_log_leads_to_its_object_and_a_pod_is_filtered(
    visit: Callable[..., Visitor], sample: Sample
) -> None:
    visitor = visit()
    page = visitor.log_in(sample.tokens["viewer"], "/audit?action=reservation.create")
    page.get_by_role("link", name="10.20.0.200", exact=True).click()
    expect(page).to_have_url(re.compile(rf"/addresses/{sample.network}/10\.20\.0\.200$"))
    expect(page.get_by_role("heading", name="10.20.0.200")).to_be_visible()
    visitor.goto("/pods/default/web-5")
    history = page.get_by_role("region", name="History")
    expect(history.get_by_role("link", name="10.20.0.", exact=False)).to_have_count(1)
    page.get_by_label("Ended", exact=True).select_option("DEL")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page).to_have_url(re.compile(r"/pods/default/web-5\?.*end=DEL"))
    expect(page.get_by_text("No entry matches this filter.")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(history.get_by_role("link", name="10.20.0.", exact=False)).to_have_count(1)
    visitor.check()


def test_the_menus_of_a_table_fit_a_phone(visit: Callable[..., Visitor], sample: Sample) -> None:
    visitor = visit(viewport=NARROW)
    page = visitor.log_in(sample.tokens["operator"], "/reservations?q=web")
    for name, button in (("Views", "Save view"), ("Columns", "Show these columns")):
        page.get_by_text(name, exact=True).click()
        box = page.get_by_role("button", name=button).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROW["width"]
        assert visitor.wide() == []
    visitor.check()
