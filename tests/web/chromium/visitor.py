"""A person at a real browser, who notices whatever the browser complains about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

# Runs before each page's own scripts, and is no script of the page: its policy is not asked.
VIOLATIONS = """
window.__violations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
MILLISECONDS = 15_000


@dataclass
class Visitor:
    """One browser context with one page. `complaints` must stay empty, but for statuses that are expected."""

    context: BrowserContext
    url: str
    complaints: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(MILLISECONDS)
        self.context.add_init_script(VIOLATIONS)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("response", self._response)

    def goto(self, path: str) -> Page:
        """Load a page of ours."""
        self.page.goto(f"{self.url}{path}", wait_until="load")
        return self.page

    def log_in(self, token: str, path: str = "/") -> Page:
        """Ask for a page, and log in on the way."""
        page = self.goto(path)
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        page.wait_for_load_state("load")  # its scripts answer keys, pointers and fingers
        return page

    def violations(self) -> list[str]:
        """What the page's policy has forbidden so far."""
        found: list[str] = self.page.evaluate("() => window.__violations")
        return found

    def wide(self) -> list[str]:
        """What sticks out of the window on the right, so that one has to scroll sideways."""
        found: list[str] = self.page.evaluate(
            """() => {
              const width = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= width) return [];
              return [...document.querySelectorAll("body *")]
                .filter((one) => one.getBoundingClientRect().right > width + 1)
                .map((one) => `${one.tagName}.${one.className}`).slice(0, 5);
            }"""
        )
        return found

    def broken_words(self) -> list[str]:
        """The words in cells of tables that are on two lines although they fit into one."""
        found: list[str] = self.page.evaluate(
            """() => {
              const broken = [];
              const most = Math.min(document.documentElement.clientWidth - 60, 340);
              for (const cell of document.querySelectorAll("td, th")) {
                const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
                if (getComputedStyle(cell.closest("thead") ?? cell).position === "absolute") continue;
                while (walker.nextNode()) {
                  const node = walker.currentNode;
                  if (!node.parentElement.checkVisibility()) continue;  // in closed details
                  for (const match of node.data.matchAll(/[\\p{L}\\p{N}_.]+/gu)) {
                    const range = document.createRange();
                    range.setStart(node, match.index);
                    range.setEnd(node, match.index + match[0].length);
                    const lines = [...range.getClientRects()].filter((one) => one.width > 0);
                    const width = lines.reduce((sum, one) => sum + one.width, 0);
                    const tops = new Set(lines.map((one) => Math.round(one.top)));
                    if (tops.size > 1 && width < most) broken.push(match[0]);
                  }
                }
              }
              return broken;
            }"""
        )
        return found

    def check(self) -> None:
        """Raises AssertionError if the browser has complained about anything."""
        assert self.violations() == []
        assert self.complaints == []

    def _console(self, message: ConsoleMessage) -> None:
        # That a status is no success is seen by `_response`, which knows which ones are expected.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.complaints.append(f"status: {response.status} {response.url}")

    def close(self) -> None:
        """Close the browser context."""
        self.context.close()


def findings(visitor: Visitor, *, colours_only: bool = False) -> list[str]:
    """What axe finds on the page that is serious or critical; its script was added to the context before."""
    rules = {"runOnly": ["color-contrast", "link-in-text-block"]} if colours_only else {}
    found: dict[str, Any] = visitor.page.evaluate(
        "(rules) => axe.run(document, {resultTypes: ['violations'], ...rules})", rules
    )
    return [
        f"{one['id']} ({one['impact']}): {node['html']} {node['any'][0]['message'] if node['any'] else ''}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
