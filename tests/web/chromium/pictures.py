"""`make pictures`: docs/images, taken from the sample cluster of `rowhouse demo --serve`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from playwright.sync_api import sync_playwright

from fixtures import capabilities
from web.chromium.conftest import ARGUMENTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES: Final = Path(__file__).parents[3] / "docs/images"


class Picture(NamedTuple):
    """A page, and the browser that shows it. `scale` is in pixels of the screen per pixel of the page."""

    name: str
    path: str
    width: int = 1280
    height: int = 820
    scheme: Literal["light", "dark"] = "light"
    scale: int = 1


def take(program: str, url: str) -> None:
    """Write all pictures."""
    with urllib.request.urlopen(f"{url}/api/v1/pools") as answer:
        pools: dict[str, dict[str, Any]] = {one["cidr"]: one for one in json.load(answer)["items"]}
    storage, media = pools["192.168.40.0/24"], pools["10.20.0.0/23"]
    pool = f"/pools/{storage['id']}?span=week"
    address = f"/addresses/{media['network_id']}/10.20.0.20"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        for picture in (
            Picture("overview", "/?trend=week"),
            Picture("pool", pool, height=1010),
            Picture("address", address, scheme="dark"),
            Picture("phone", pool, width=390, height=844, scheme="dark", scale=2),
        ):
            _take(browser, url, picture)
        browser.close()


def _take(browser: Browser, url: str, picture: Picture) -> None:
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.scheme,
        device_scale_factor=picture.scale,
        reduced_motion="reduce",
    )
    page = context.new_page()
    answer = page.goto(url + picture.path)
    if answer is None or not answer.ok:
        sys.exit(f"{picture.path}: {answer and answer.status}")
    page.locator('[data-live-state="live"]').wait_for()
    page.screenshot(path=IMAGES / f"{picture.name}.png", animations="disabled")
    context.close()


def main() -> None:
    """Start the sample cluster, take the pictures, and stop it."""
    program = capabilities.chromium()
    if program is None:
        sys.exit("no Chromium: apt-get install chromium")
    demo = subprocess.Popen(
        [Path(sys.executable).with_name("rowhouse"), "demo", "--serve", "--bind=127.0.0.1:0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert demo.stdout is not None
        found = next((url for line in demo.stdout if (url := re.search(r"http://\S+", line))), None)
        if found is None:
            sys.exit("the demo did not start")
        take(program, found[0])
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate()


if __name__ == "__main__":
    main()
