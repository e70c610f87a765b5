"""When a browser first shows something of a page: the system's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.sync_api import Browser

_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
# The entry may come after the page is loaded (W3C Paint Timing).
_PAINTED = """() => new Promise((tell) => new PerformanceObserver((seen) => {
  for (const one of seen.getEntriesByName("first-contentful-paint")) tell(one.startTime);
}).observe({type: "paint", buffered: true}))"""


def chromium() -> str | None:
    """The program, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def first_paints(
    program: str, url: str, paths: Iterable[str], *, rounds: int
) -> dict[str, list[float]]:
    """Milliseconds from the click to the first content on the screen, by path, page after page in each round.

    The browser starts with an empty cache. The first round, which warms up server and browser, does not count.
    """
    taken: dict[str, list[float]] = {path: [] for path in paths}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            for turn in range(rounds + 1):
                for path, times in taken.items():
                    took = _painted(browser, url + path)
                    if turn:
                        times.append(took)
        finally:
            browser.close()
    return taken


def _painted(browser: Browser, url: str) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        answer = page.goto(url, wait_until="load")
        if answer is None or not answer.ok:
            raise RuntimeError(f"{url}: {answer and answer.status}")
        return float(page.evaluate(_PAINTED))
    finally:
        context.close()
