"""What people do with the pages, in a real browser: find, reserve, release, with and without scripts or a mouse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from fixtures.http import Quiet, listening
from web.chromium.conftest import NARROW
from web.chromium.test_every_page import AXE
from web.chromium.visitor import findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from playwright.sync_api import Page
    from psycopg.rows import TupleRow

    from web.chromium.sample import Sample
    from web.chromium.visitor import Visitor

    Session = psycopg.Connection[TupleRow]
    Visit = Callable[..., Visitor]

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]


def reserve(page: Page, pool_id: int, owner: str, url: str) -> str:
    """Reserve the next free address of a pool by clicking; the address."""
    page.goto(f"{url}/pools/{pool_id}")
    page.get_by_role("link", name="Reserve", exact=True).click()
    page.get_by_label("Name", exact=True).fill(owner)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("the lowest free address")).to_be_visible()
    page.get_by_role("button", name="Reserve address").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    expect(page.get_by_text("reservation.create")).to_be_visible()
    page.get_by_role("link", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"10\.22\.0\.\d+"))
    return page.get_by_role("heading", level=1).inner_text()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_operator_reserves_and_releases_an_address(
    visit: Visit,
    sample: Sample,
    sample_rows: Session,
    scripts: bool,  # noqa: FBT001 - pytest's parameter
) -> None:
    owner = f"printer-{scripts}"
    visitor = visit(java_script_enabled=scripts)
    page = visitor.log_in(sample.tokens["operator"])
    address = reserve(page, sample.pools["quiet"], owner, visitor.url)
    held = "SELECT owner_name FROM reservations WHERE address = %s"
    assert sample_rows.execute(held, (address,)).fetchall() == [(owner,)]
    page.get_by_role("link", name="Release", exact=True).click()
    expect(page.locator(".changes").get_by_text(owner)).to_be_visible()
    page.get_by_role("button", name="Release address").click()
    expect(page.get_by_text("reservation.delete")).to_be_visible()
    assert sample_rows.execute(held, (address,)).fetchall() == []
    visitor.goto(f"/audit?object={address}&actor=ada-operator")
    assert page.locator("tbody tr").count() >= 2
    if scripts:
        visitor.check()


def test_everything_can_be_done_by_keyboard(
    visit: Visit, sample: Sample, sample_rows: Session
) -> None:
    visitor = visit()
    page = visitor.goto("/")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(sample.tokens["operator"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("10.22.0.0/24")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("10.22.0.0/24")
    reach(page, "Reserve")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_visible()
    reach(page, "Name")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Reserve address")).to_be_visible()
    reach(page, "Reserve address")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    found = sample_rows.execute("SELECT 1 FROM reservations WHERE owner_name = 'by keyboard'")
    assert found.fetchall() == [(1,)]
    visitor.check()


def reach(page: Page, name: str) -> None:
    """Press Tab until something with this name has the focus; what has it can be seen."""
    focused = """() => {
      const one = document.activeElement;
      const label = one.labels?.[0]?.innerText ?? one.getAttribute("aria-label") ?? one.innerText ?? "";
      return `${one.tagName.toLowerCase()} ${label.trim().slice(0, 40)}`;
    }"""
    # The scripts of the page decide what the Tab key stops at.
    page.wait_for_load_state("load")
    trail = []
    for _ in range(60):
        page.keyboard.press("Tab")
        trail.append(page.evaluate(focused))
        if trail[-1].partition(" ")[2] == name:
            outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus on {name!r} cannot be seen"
            return
    pytest.fail(
        f"on {page.url} ({page.title()!r}), the Tab key does not reach {name!r}, only {trail}"
    )


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("10.20.0.9", "10.20.0.9"),
        ("10.20.0.0/24", "10.20.0.0/24"),
        ("default/web-1", "web-1"),
        ("fd00:20::1", "fd00:20::1"),
    ],
)
def test_the_search_leads_to_what_is_meant(
    visit: Visit, sample: Sample, question: str, answer: str
) -> None:
    visitor = visit()
    page = visitor.log_in(sample.tokens["viewer"])
    page.get_by_role("searchbox").fill(question)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(answer)
    visitor.check()


def test_a_viewer_is_offered_nothing_to_change(visit: Visit, sample: Sample) -> None:
    names = re.compile("^(Reserve|Exclude|Edit|Delete|Release|New pool)$")
    paths = ("/", f"/pools/{sample.pools['storage-a']}", f"/addresses/{sample.network}/10.20.0.9")
    for role, offered in (("viewer", False), ("operator", True), ("admin", True)):
        visitor = visit()
        page = visitor.log_in(sample.tokens[role])
        for path in paths:
            visitor.goto(path)
            assert (page.get_by_role("link", name=names).count() > 0) is offered, (role, path)
        visitor.expected = set() if offered else {403}
        visitor.goto(f"/pools/{sample.pools['storage-a']}/edit")
        assert page.get_by_text("requires operator").is_visible() is not offered
        visitor.check()


def test_the_form_tells_while_one_types_whose_an_address_is(visit: Visit, sample: Sample) -> None:
    visitor = visit()
    page = visitor.log_in(sample.tokens["operator"], f"/pools/{sample.pools['storage-a']}/reserve")
    page.get_by_label("Address", exact=True).press_sequentially("10.20.0.3")
    # No other test of the shared sample releases it.
    expect(page.locator("#address-state")).to_contain_text("nas-1")
    page.get_by_label("Address", exact=True).fill("10.20.0.201")
    expect(page.locator("#address-state")).to_contain_text("free")
    visitor.check()


def test_light_and_dark_are_remembered(visit: Visit, sample: Sample) -> None:
    visitor = visit(color_scheme="light")
    page = visitor.log_in(sample.tokens["viewer"])
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Switch between light and dark theme").click()
    dark = page.evaluate(ground)
    assert dark != light
    visitor.goto("/audit")
    assert page.evaluate(ground) == dark
    visitor.check()


@pytest.mark.parametrize("path", ["/nodes/node1", "/pods/default/web-1"])
def test_on_a_phone_whatever_holds_an_address_is_read_without_scrolling_sideways(
    visit: Visit, sample: Sample, path: str
) -> None:
    visitor = visit(viewport=NARROW)
    page = visitor.log_in(sample.tokens["viewer"], path)
    beyond = "(one) => one.scrollWidth - one.clientWidth"
    assert page.locator(".scroll").first.evaluate(beyond) == 0
    visitor.check()


@pytest.fixture
def evil() -> Iterator[str]:
    """A page on another port of this machine, which the browser brings our cookies to and from."""

    class Handler(Quiet):
        def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
            target = self.path.partition("?")[2]
            form = f'<form method="post" action="{target}"><button>Win a prize</button></form>'
            self.answer(form.encode(), "text/html")

    with listening(Handler) as url:
        yield url


def test_a_page_of_another_site_cannot_send_our_forms(
    visit: Visit, sample: Sample, evil: str
) -> None:
    visitor = visit()
    page = visitor.log_in(sample.tokens["operator"])
    visitor.expected = {403, 404}
    page.goto(f"{evil}/?{visitor.url}/logout")
    page.get_by_role("button", name="Win a prize").click()
    expect(page.get_by_text("sent by another site")).to_be_visible()
    visitor.goto("/")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_no_other_page_may_frame_ours(visit: Visit, sample: Sample, evil: str) -> None:
    visitor = visit()
    page = visitor.log_in(sample.tokens["operator"])
    page.goto(f"{evil}/")
    with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        page.evaluate(
            """(url) => {
              const frame = document.createElement("iframe");
              frame.src = url;
              document.body.append(frame);
            }""",
            visitor.url,
        )
    visitor.complaints.clear()


def test_logout_ends_it(visit: Visit, sample: Sample) -> None:
    visitor = visit()
    page = visitor.log_in(sample.tokens["viewer"])
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    visitor.goto("/audit")
    expect(page.get_by_label("Token")).to_be_visible()
    visitor.check()


def test_the_palette_is_opened_filled_and_used_by_keyboard(visit: Visit, sample: Sample) -> None:
    visitor = visit(scripts=[AXE])
    page = visitor.log_in(sample.tokens["operator"], f"/pools/{sample.pools['quiet']}")
    before = page.get_by_role("link", name="Edit", exact=True)
    before.focus()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    active = page.locator("[role=option][aria-selected=true]")
    expect(active).to_contain_text("Reserve addresses of this pool")
    page.keyboard.type("web-1")
    expect(active).to_contain_text("default/web-1")
    expect(field).to_have_attribute("aria-activedescendant", active.get_attribute("id") or "")
    assert findings(visitor) == []
    page.keyboard.press("Escape")
    expect(before).to_be_focused()
    page.keyboard.press("Control+k")
    expect(field).to_have_value("")
    page.keyboard.type("create")
    expect(active).to_contain_text("Create pool")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("pool")
    assert page.url.endswith("/pools/new")
    visitor.check()


def test_an_action_opens_over_the_page_keeps_its_form_and_is_taken_back(
    visit: Visit, sample: Sample, sample_rows: Session
) -> None:
    visitor = visit(scripts=[AXE])
    page = visitor.log_in(sample.tokens["operator"], f"/pools/{sample.pools['quiet']}")
    low, high = (page.locator(f"[data-map] a[href$='/10.22.0.{n}']") for n in (200, 203))
    low.hover()
    page.mouse.down()
    high.hover()
    page.mouse.up()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Address", exact=True)).to_have_value("10.22.0.200-10.22.0.203")
    button = dialog.get_by_role("button", name="Continue")
    expect(button).to_be_disabled()
    dialog.get_by_label("Name", exact=True).fill("dragged")
    expect(button).to_be_enabled()
    assert findings(visitor) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    low.hover()
    page.mouse.down()
    high.hover()
    page.mouse.up()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("dragged")
    button.click()
    dialog.get_by_role("button", name="Reserve addresses").click()
    expect(dialog.get_by_role("heading", name="Done")).to_be_visible()
    assert page.url.endswith(f"/pools/{sample.pools['quiet']}")
    rows = "SELECT count(*) FROM reservations WHERE owner_name = 'dragged'"
    assert sample_rows.execute(rows).fetchone() == (4,)
    with page.expect_navigation():  # the page behind shows what was done
        page.keyboard.press("Escape")
    expect(page.locator("[data-map] a.reserved[href$='/10.22.0.200']")).to_be_visible()
    visitor.check()


def test_back_returns_to_the_form_as_it_was_left(visit: Visit, sample: Sample) -> None:
    visitor = visit()
    page = visitor.log_in(sample.tokens["operator"], f"/pools/{sample.pools['quiet']}/reserve")
    page.get_by_label("Name", exact=True).fill("half done")
    page.get_by_label("Description").fill("OPS-4711")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Reserve address")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Reserve address")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Description")).to_have_value("OPS-4711")
    expect(page.get_by_label("Name", exact=True)).to_have_value("half done")
    visitor.check()


@pytest.mark.parametrize(
    "path",
    [
        "/pools/{storage}/addresses",
        "/pools/{storage}/history",
        "/addresses/{network}/10.20.0.9",
        "/audit",
    ],
)
def test_on_a_phone_tables_and_histories_are_lines_with_labels(
    visit: Visit, sample: Sample, path: str
) -> None:
    visitor = visit(viewport=NARROW)
    page = visitor.log_in(
        sample.tokens["operator"],
        path.format(storage=sample.pools["storage-a"], network=sample.network),
    )
    assert visitor.wide() == []
    beyond = "(all) => all.map((one) => one.scrollWidth - one.clientWidth)"
    assert all(by <= 1 for by in page.locator(".scroll").evaluate_all(beyond))
    for cell in page.locator("table.rows tbody td:not(.pick):visible").all()[:8]:
        label = cell.evaluate("(one) => getComputedStyle(one, '::before').content")
        assert label not in {"none", '""'}
    # What one taps is large enough for a finger.
    heights = page.locator(
        ".table-filter input:visible, .table-filter button:visible"
    ).evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().height)")
    assert heights
    assert min(heights) >= 24
    visitor.check()
