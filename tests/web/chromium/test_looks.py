"""What 12 pages look like: light, dark and on a phone. `make pictures-accept` accepts what they look like now.

Letters differ between versions of Chromium and fonts: a machine that is not like the one that made the pictures skips
the comparison, and says so.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from fixtures import databases, servers
from web.chromium.conftest import NARROW, WIDE, open_context
from web.chromium.pixels import compare
from web.chromium.sample import fill
from web.chromium.test_every_page import path_of
from web.chromium.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from fixtures.databases import Database, PostgresServer
    from web.chromium.sample import Sample

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.slow,
]

LOOKS: Final = Path(__file__).parent / "looks"
MADE_BY: Final = LOOKS / "made-by.json"
BUILD: Final = Path(__file__).parents[3] / "build/looks"
ACCEPT: Final = bool(os.environ.get("ACCEPT_PICTURES"))
MOST_DIFFERENT: Final = 0.001
"""The share of pixels that may differ."""

PAGES: Final = (
    "overview",
    "pools",
    "pool-tree",
    "pool",
    "pool-large",
    "pool-addresses",
    "pool-history",
    "address",
    "reservations",
    "search",
    "audit",
    "reserve",
)
WAYS: Final[dict[str, dict[str, Any]]] = {
    "light": {"viewport": WIDE, "color_scheme": "light"},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": NARROW, "color_scheme": "light"},
}
# Periodic, so that no forecast follows from it.
SAMPLES: Final = """
DELETE FROM fill_samples;
INSERT INTO fill_samples (pool_id, at, used)
SELECT id, now() - n * interval '15 minutes', 12 + abs(n / 8 % 10 - 5)
  FROM pools, generate_series(1, 700) AS n WHERE name = 'storage-a';
"""
# The clock: what depends on the time of the test, or on chance, looks as if it were always the same.
STOP_THE_CLOCK: Final = r"""
() => {
  const same = [
    [/\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?/g, "2026-03-01 12:00:00"],
    [/\b\d+\u202f(s|min|h|d) ago/g, "5\u202fmin ago"],
    [/\b\d+\u202f(s|min|h|d)\b/g, "5\u202fmin"],
    [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "00000000-0000-4000-8000-000000000000"],
    [/\b[0-9a-f]{12}\b/g, "0123456789ab"],
    [/\b\d\d:\d\d:\d\d UTC/g, "12:00:00 UTC"],
  ];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const [pattern, text] of same) texts.currentNode.data = texts.currentNode.data.replace(pattern, text);
  }
  for (const one of document.querySelectorAll("input[type=datetime-local]")) {
    if (one.value) one.value = "2026-03-01T12:00";
  }
  for (const one of document.querySelectorAll(".plot-moments text, .plot path.grid[d$='V220']")) one.remove();
  for (const one of document.querySelectorAll("[data-live-state]")) one.remove();
}
"""
FINGERPRINT: Final = """
() => {
  const width = (family) => {
    const one = document.createElement("span");
    one.style.cssText = `position: absolute; white-space: nowrap; font: 40px ${family}`;
    one.textContent = "Hamburgefonstiv 0123456789 Rowhouse";
    document.body.append(one);
    const found = Math.round(one.getBoundingClientRect().width * 10) / 10;
    one.remove();
    return found;
  };
  const style = getComputedStyle(document.documentElement);
  return [width(style.getPropertyValue("--sans")), width(style.getPropertyValue("--mono"))];
}
"""


@pytest.fixture(scope="module")
def looks(
    chromium: Browser,
    postgres: PostgresServer,
    migrated: Database,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Sample]]:
    """The URL of a server on data that no other test changes, and what there is."""
    assert chromium.is_connected()  # is gone before the server, which waits for its connections
    with postgres.database(template=migrated.name) as database:
        with databases.store(database) as store:
            sample = fill(store)
        with databases.session(database) as dba:
            dba.execute(SAMPLES)
        environment = {
            "ROWHOUSE_DATABASE_URL": database.url,
            "ROWHOUSE_AUTH": "required",
            "ROWHOUSE_CALLER_RATE": "0",
        }
        with servers.serving(tmp_path_factory.mktemp("looks"), environment=environment) as server:
            yield server.url, sample


@pytest.fixture(scope="module")
def painter(chromium: Browser) -> Iterator[Page]:
    """A page that compares pictures."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module", params=WAYS)
def visitor(
    request: pytest.FixtureRequest, chromium: Browser, looks: tuple[str, Sample]
) -> Iterator[tuple[str, Visitor]]:
    url, sample = looks
    made = Visitor(open_context(chromium, [], **WAYS[request.param]), url)
    # A live page would start the clock again.
    made.context.add_init_script("delete window.EventSource")
    made.log_in(sample.tokens["operator"])
    machine = {"chromium": chromium.version, "widths": made.page.evaluate(FINGERPRINT)}
    if ACCEPT:
        LOOKS.mkdir(exist_ok=True)
        MADE_BY.write_text(json.dumps(machine) + "\n")
    elif (known := json.loads(MADE_BY.read_text())) != machine:
        made.close()
        pytest.skip(f"the pictures were made by {known}, and this is {machine}")
    yield request.param, made
    made.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_it_was_accepted(
    visitor: tuple[str, Visitor], looks: tuple[str, Sample], painter: Page, name: str
) -> None:
    way, person = visitor
    page = person.goto(path_of(name, looks[1]))
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.wait_for_function(
        "() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')"
    )
    page.evaluate(STOP_THE_CLOCK)
    now = page.screenshot(animations="disabled")
    file = LOOKS / f"{name}-{way}.webp"
    before = None if ACCEPT else file.read_bytes()
    compared = compare(painter, before, now)
    if ACCEPT:
        file.write_bytes(compared.webp)
    elif compared.share > MOST_DIFFERENT:
        BUILD.mkdir(parents=True, exist_ok=True)
        shown = BUILD / f"{name}-{way}-diff.png"
        shown.write_bytes(compared.diff)
        (BUILD / f"{name}-{way}-now.png").write_bytes(now)
        pytest.fail(
            f"{compared.share:.2%} of the pixels differ: see {shown}."
            " If that is meant, run `make pictures-accept` and commit the pictures."
        )


def test_a_difference_is_found_and_shown(painter: Page) -> None:
    painter.set_content("<body style='background: #fff'>")
    plain = painter.screenshot()
    accepted = compare(painter, None, plain).webp
    assert compare(painter, accepted, plain).share == 0
    painter.set_content(
        "<body style='background: #fff'><div style='background: #fcc; height: 50px'>"
    )
    changed = compare(painter, accepted, painter.screenshot())
    assert 0.02 < changed.share < 0.2
    assert changed.diff.startswith(b"\x89PNG")


def test_every_accepted_picture_has_its_page_and_all_are_small() -> None:
    pictures = {file.stem for file in LOOKS.glob("*.webp")}
    assert pictures == {f"{name}-{way}" for name in PAGES for way in WAYS}
    assert sum(file.stat().st_size for file in LOOKS.glob("*.webp")) < 3_000_000
