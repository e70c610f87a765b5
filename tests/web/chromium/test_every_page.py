"""Every page in a real browser: light, dark and narrow; accessible; and nothing that its policy forbids."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from web.chromium.conftest import MIDDLE, NARROW, SCREENSHOTS, WIDE, open_context
from web.chromium.visitor import Visitor, findings

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from web.chromium.sample import Sample

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]

AXE = Path(__file__).parent / "axe/axe.min.js"
PAGES = {
    "overview": "/",
    "network": "/networks/{network}",
    "pool": "/pools/{storage}",
    "pool-addresses": "/pools/{storage}/addresses",
    "pool-addresses-ipv6": "/pools/{six}/addresses?columns=state,count,until",
    "reservations": "/reservations",
    "reservations-none": "/reservations?q=nothing/has&page=9",
    "pool-history": "/pools/{storage}/history",
    "pool-audit": "/pools/{storage}/audit",
    "pools": "/pools",
    "pool-tree": "/pools/tree",
    "networks": "/networks",
    "exclusions": "/exclusions",
    "quotas": "/quotas",
    "pods": "/pods",
    "pool-large": "/pools/{edge}",
    "pool-ipv6": "/pools/{six}",
    "address": "/addresses/{network}/10.20.0.9",
    "address-free": "/addresses/{network}/10.20.0.100",
    "address-ipv6": "/addresses/{network}/fd00:20::1",
    "pod": "/pods/default/web-1",
    "node": "/nodes/node1",
    "nodes": "/nodes",
    "report": "/report?by=pool",
    "search": "/search?q=web",
    "events": "/events",
    "audit": "/audit",
    "audit-wrong": "/audit?since=yesterday",
    "requests": "/requests",
    "request": "/requests/1",
    "request-approved": "/requests/2",
    "request-new": "/requests/new",
    "request-approve": "/requests/1/approve",
    "request-decline": "/requests/1/decline",
    "request-withdraw": "/requests/1/withdraw",
    "comment": "/pools/{storage}/comment",
    "comment-address": "/addresses/{network}/10.20.0.9/comment",
    "comment-remove": "/comments/1/remove",
    "time-zone": "/time-zone",
    "views": "/views",
    "view-open": "/reservations?q=nas&view=1",
    "view-new": "/views/new?table=pods&query=q%3Dweb&back=/pods",
    "view-edit": "/views/1/edit?back=/reservations",
    "view-delete": "/views/1/delete?back=/reservations",
    "reserve": "/pools/{storage}/reserve?addresses=10.20.0.100",
    "exclude": "/pools/{storage}/exclude",
    "pool-edit": "/pools/{storage}/edit",
    "pool-new": "/pools/new",
    "pool-remove": "/pools/{quiet}/remove",
    "release": "/addresses/{network}/10.20.0.3/release",
    "release-in-use": "/addresses/{network}/10.20.0.9/release",
    "edit-reservation": "/addresses/{network}/10.20.0.9/edit",
    "label-reservations": "/reservations/label?addresses={network}/10.20.0.3",
    "label-several": "/pools/{storage}/label?addresses=10.20.0.3",
    "release-several": "/pools/{storage}/release?addresses=10.20.0.3",
    "release-reservations": "/reservations/release?addresses={network}/10.20.0.3",
    "end-exclusion": "/addresses/{network}/10.20.0.250/include",
    "nothing-done": "/done/x",
    "not-found": "/nowhere",
}
STATUSES = {"audit-wrong": {422}, "not-found": {404}}


def path_of(name: str, sample: Sample) -> str:
    return PAGES[name].format(
        network=sample.network,
        storage=sample.pools["storage-a"],
        edge=sample.pools["edge"],
        six=sample.pools["storage-six"],
        quiet=sample.pools["quiet"],
    )


@pytest.fixture(scope="module")
def admin(chromium: Browser, site: str, sample: Sample) -> Visitor:
    """An administrator, who sees all there is, with axe at hand."""
    visitor = Visitor(open_context(chromium, [AXE]), site)
    visitor.log_in(sample.tokens["admin"])
    return visitor


def keep(visitor: Visitor, name: str) -> None:
    """A screenshot of the whole page, for people who asked for it."""
    if not os.environ.get("SCREENSHOTS"):
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    visitor.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")


def look_at(visitor: Visitor, name: str) -> None:
    """Look at the page that is open: as it is, dark, and narrower."""
    page = visitor.page
    page.set_viewport_size(WIDE)
    assert page.locator("h1").count() == 1
    assert "Rowhouse" in page.title()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        # In the dark only the colours are others.
        assert findings(visitor, colours_only=scheme == "dark") == [], scheme
        keep(visitor, f"{name}-{scheme}")
    page.emulate_media(color_scheme="light")
    for size in (WIDE, MIDDLE, NARROW):
        page.set_viewport_size(size)
        assert visitor.wide() == [], size
        assert visitor.broken_words() == [], size
        keep(visitor, f"{name}-{size['width']}")
    page.set_viewport_size(WIDE)
    visitor.check()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_fits_and_has_no_fault(
    admin: Visitor, sample: Sample, name: str
) -> None:
    admin.complaints.clear()
    admin.expected = STATUSES.get(name, set())
    admin.goto(path_of(name, sample))
    look_at(admin, name)


def test_the_login_is_accessible_fits_and_has_no_fault(visit: Callable[..., Visitor]) -> None:
    visitor = visit(scripts=[AXE])
    visitor.goto("/")
    look_at(visitor, "login")
    visitor.expected = {401}
    visitor.page.get_by_label("Token").fill("rh_wrong")
    visitor.page.get_by_role("button", name="Log in").click()
    visitor.page.get_by_role("alert").wait_for()
    look_at(visitor, "login-refused")


def test_what_a_change_will_do_and_has_done_is_accessible_fits_and_has_no_fault(
    visit: Callable[..., Visitor], sample: Sample
) -> None:
    visitor = visit(scripts=[AXE])
    page = visitor.log_in(sample.tokens["operator"], f"/pools/{sample.pools['storage-a']}/edit")
    page.get_by_label("Gateway").fill("10.20.0.2")
    page.get_by_label("Drained").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Save changes").wait_for()
    look_at(visitor, "pool-edit-look")
    visitor.goto(f"/pools/{sample.pools['tight']}/reserve")
    page.get_by_label("Name", exact=True).fill("printer of the second floor")
    page.get_by_label("Description").fill("ticket 4711")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Reserve address").click()
    page.get_by_role("heading", name="Done").wait_for()
    look_at(visitor, "done")
    visitor.expected = {422}
    visitor.goto(f"/pools/{sample.pools['tight']}/reserve")
    page.get_by_label("Name", exact=True).fill("a printer")
    page.get_by_label("Address", exact=True).fill("nonsense")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("alert").wait_for()
    look_at(visitor, "reserve-refused")
