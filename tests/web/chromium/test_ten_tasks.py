"""Ten tasks of an operator, from the start page as a new user would do them: clicks, keys and estimated seconds.

The seconds are those of the keystroke-level model (Card, Moran and Newell, 1980): a person's time, not the machine's.
`docs/comparison.md` has the table, which `pytest -s` prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from web.chromium.sample import Sample
    from web.chromium.visitor import Visitor

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]

KEY: Final = 0.28
"""Seconds per key of an average typist (K)."""
POINT: Final = 1.1
"""Seconds to point at something (P)."""
BUTTON: Final = 0.2
"""Seconds to press and release a mouse button (B)."""
HOME: Final = 0.4
"""Seconds to move a hand between mouse and keyboard (H)."""
THINK: Final = 1.35
"""Seconds to decide on the next step (M): before each click, each text, and each answer that is read."""
MAX_SECONDS: Final = 30


@dataclass
class Hand:
    """What a person does at a page, counted."""

    page: Page
    clicks: int = 0
    keys: int = 0
    steps: int = 0
    moves: int = 0
    is_at_keyboard: bool = False

    def click(self, on: Locator) -> None:
        """Point at something and click."""
        self.steps += 1
        self.clicks += 1
        self.moves += self.is_at_keyboard
        self.is_at_keyboard = False
        on.click()

    def type(self, text: str, *, into: Locator | None = None, then: str = "") -> None:
        """Type a text where the focus is, or after a click into a field; `then` is a last key."""
        if into is not None:
            self.click(into)
        self.steps += 1
        self.moves += not self.is_at_keyboard
        self.is_at_keyboard = True
        self.keys += len(text) + bool(then)
        self.page.keyboard.type(text)
        if then:
            self.page.keyboard.press(then)

    def tab(self, times: int, text: str) -> None:
        """Go to a later field with the Tab key, and type."""
        for _ in range(times):
            self.page.keyboard.press("Tab")
        self.keys += times
        self.type(text)

    def search(self, text: str) -> None:
        """Type a text into the search of the bar, and open the result."""
        self.type(text, into=self.page.locator("input[data-search]"), then="Enter")

    def read(self, *texts: str) -> None:
        """Find the answer on the page."""
        self.steps += 1
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text)

    @property
    def seconds(self) -> float:
        """The estimate of the keystroke-level model."""
        return (
            self.clicks * (POINT + BUTTON)
            + self.keys * KEY
            + self.moves * HOME
            + self.steps * THINK
        )


def link(page: Page, name: str) -> Locator:
    """A link of the bar."""
    return page.locator("nav.sections").get_by_role("link", name=name, exact=True)


def of(page: Page, name: str) -> Locator:
    """A button or a link of the page or its dialog, by its whole name."""
    return page.locator("main, dialog[open]").locator("a, button").get_by_text(name, exact=True)


def who_had_an_address(hand: Hand) -> None:
    """Find who had 10.20.0.11 before, and why it was released."""
    hand.search("10.20.0.11")
    hand.read("web-3", "DEL")


def reserve_five(hand: Hand) -> None:
    """Reserve five addresses for routers with ticket 4711."""
    page = hand.page
    hand.search("edge")
    hand.click(of(page, "Reserve").first)
    hand.type("routers", into=page.get_by_label("Name", exact=True))
    hand.tab(3, "5")
    hand.tab(2, "ticket 4711")
    hand.click(of(page, "Continue"))
    hand.click(of(page, "Reserve addresses"))
    expect(page.locator("body")).to_contain_text("reservation.create")


def which_pools_run_out(hand: Hand) -> None:
    """Find the pool that is full first, and whose pods fill it."""
    page = hand.page
    hand.click(link(page, "Pools"))
    hand.click(page.get_by_role("columnheader").get_by_text("Full", exact=True))
    hand.read("10.23.0.0/28")
    hand.click(page.locator("tbody a").get_by_text("10.23.0.0/28", exact=True))
    hand.click(page.locator("nav.tabs, main").get_by_role("link", name="Addresses", exact=True))
    hand.read("tight-0")


def where_a_pod_runs(hand: Hand) -> None:
    """Find the node and the address of the pod web-1."""
    hand.search("web-1")
    hand.read("node1", "10.20.0.9")


def what_is_on_a_node(hand: Hand) -> None:
    """List what node2 holds, before it is drained."""
    hand.search("node2")
    hand.read("web-2", "edge-2")


def who_changed_a_pool(hand: Hand) -> None:
    """Find who created a pool, and when."""
    page = hand.page
    hand.search("storage-six")
    hand.click(page.locator("main").get_by_role("link", name="Audit", exact=True))
    hand.read("grace", "pool.create")


def release_a_device(hand: Hand) -> None:
    """Release the address of the device backup, which is gone."""
    page = hand.page
    hand.search("backup")
    hand.click(page.locator("main").get_by_role("link", name="10.20.0.200").first)
    hand.click(of(page, "Release"))
    hand.click(of(page, "Release address"))
    expect(page.locator("body")).to_contain_text("reservation.delete")


def exclude_an_address(hand: Hand) -> None:
    """Exclude an address that a switch uses."""
    page = hand.page
    hand.search("edge")
    hand.click(of(page, "Exclude").first)
    hand.type("10.21.9.250", into=page.get_by_label("Addresses", exact=True))
    hand.tab(1, "switches")
    hand.click(of(page, "Continue"))
    hand.click(of(page, "Exclude address"))
    expect(page.locator("body")).to_contain_text("exclusion.create")


def export_a_prefix(hand: Hand) -> None:
    """Save the addresses in use of 10.23.0.0/28 as CSV."""
    page = hand.page
    hand.click(link(page, "Addresses"))
    hand.type("10.23.0.0/28", into=page.locator("[data-table-filter] input[name=q]"))
    expect(page.get_by_role("status").filter(has_text="filtered")).to_be_visible()
    with page.expect_download() as download:
        hand.click(of(page, "CSV"))
    saved: Path = download.value.path()
    assert len(saved.read_text().splitlines()) == 14


def approve_a_request(hand: Hand) -> None:
    """Approve what a team requests with ticket 4711."""
    page = hand.page
    hand.click(link(page, "Requests"))
    hand.click(page.locator("tbody a").get_by_text("#1", exact=True))
    hand.read("ticket 4711")
    hand.click(of(page, "Approve"))
    hand.click(of(page, "Approve request"))
    expect(page.locator("body")).to_contain_text("request.approve")


TASKS: Final = (
    (who_had_an_address, 1),
    (reserve_five, 5),
    (which_pools_run_out, 4),
    (where_a_pod_runs, 1),
    (what_is_on_a_node, 1),
    (who_changed_a_pool, 2),
    (release_a_device, 4),
    (exclude_an_address, 5),
    (export_a_prefix, 3),
    (approve_a_request, 4),
)
"""Each task, and its clicks."""


@pytest.mark.parametrize(("task", "clicks"), TASKS, ids=[task.__name__ for task, _ in TASKS])
def test_a_task_takes_a_person_less_than_30_seconds(
    visit: Callable[..., Visitor],
    sample: Sample,
    task: Callable[[Hand], None],
    clicks: int,
) -> None:
    visitor = visit()
    hand = Hand(visitor.log_in(sample.tokens["operator"]))
    task(hand)
    title = (task.__doc__ or "").rstrip(".")
    print(f"| {title} | {hand.clicks} | {hand.keys} | {hand.seconds:.0f} |")  # noqa: T201
    assert hand.clicks == clicks
    assert hand.seconds < MAX_SECONDS
