from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rowhouse.web.layout.assets import FOLDER
from web.chromium.test_every_page import PAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

# What a page loads, files to download, and the log in, which has tests of its own.
NO_PAGE = re.compile(
    r"web\.(live_\w+|asset|palette|styleguide|reserve_state|audit_csv|audit_json|report_csv|\w+_export"
    r"|login|to_provider|from_provider|audit_object)"  # the last one leads to another page
)


def test_a_page_brings_nothing_that_its_policy_forbids(browser: Callable[..., FlaskClient]) -> None:
    answer = browser().get("/")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    page = answer.text
    assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_every_file_of_a_page_is_there_and_kept_by_the_browser(
    browser: Callable[..., FlaskClient],
) -> None:
    client = browser()
    files = re.findall(r'(?:src|href)="(/assets/[^"]+)"', client.get("/").text)
    assert len(files) >= 4
    for file in files:
        with client.get(file) as answer:
            assert answer.status_code == 200, file
            assert answer.cache_control.immutable


def test_every_page_is_visited_by_a_browser_and_described(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.partition(".")[0] == "web"]
    pages = {
        rule.endpoint: rule
        for rule in rules
        if "GET" in (rule.methods or ()) and not NO_PAGE.fullmatch(rule.endpoint)
    }
    urls = app.url_map.bind("localhost")
    numbers = dict.fromkeys(("network", "storage", "edge", "six", "quiet"), 1)
    visited = {
        urls.match(path.format(**numbers).partition("?")[0])[0]
        for name, path in PAGES.items()
        if name != "not-found"
    }
    missing = pages.keys() - visited
    assert not missing, f"add to PAGES in tests/web/chromium/test_every_page.py: {missing}"
    described = (Path(__file__).parents[2] / "docs/pages.md").read_text()
    missing = {
        endpoint
        for endpoint, rule in pages.items()
        if "POST" not in (rule.methods or ()) and endpoint != "web.done"
        if f"`{rule.rule.partition('<')[0]}" not in described
    }
    assert not missing, f"add a row to the table of docs/pages.md: {missing}"


def test_the_style_guide_shows_every_token_in_debug_mode_only(
    app: Flask, browser: Callable[..., FlaskClient]
) -> None:
    client = browser("operator")
    assert client.get("/styleguide").status_code == 404
    app.debug = True
    page = client.get("/styleguide").text
    sheets = {file.name: file.read_text() for file in FOLDER.glob("*.css")}
    tokens = re.findall(r"^  --([a-z0-9-]+):", sheets["tokens.css"], re.MULTILINE)
    assert len(tokens) > 40
    assert [name for name in tokens if f"<code>--{name}</code>" not in page] == []
    # One place for tokens, and none that a rule uses without there being one.
    assert [name for name, text in sheets.items() if re.search(r"^\s*--", text, re.MULTILINE)] == [
        "tokens.css"
    ]
    used = {name for text in sheets.values() for name in re.findall(r"var\(--([a-z0-9-]+)", text)}
    assert used - {*tokens} == set()


def test_no_file_loads_anything_from_elsewhere() -> None:
    ours = [
        file
        for file in FOLDER.iterdir()
        if file.suffix in {".css", ".js"} and ".min." not in file.name
    ]
    assert ours
    for file in ours:
        assert not re.search(r"https?://|@import|eval\(|new Function", file.read_text()), file


@pytest.mark.parametrize("path", ["/nowhere", "/assets/0/nothing.css"])
def test_a_path_that_does_not_exist_is_a_page_with_a_way_back(
    browser: Callable[..., FlaskClient], path: str
) -> None:
    answer = browser().get(path)
    assert answer.status_code == 404
    assert "Page not found" in answer.text
    assert 'href="/"' in answer.text


def test_only_a_request_for_a_page_gets_an_error_page(browser: Callable[..., FlaskClient]) -> None:
    client = browser()
    assert "stylesheet" not in client.get("/nowhere", headers={"Accept": "*/*"}).text
    assert client.get("/api/v1/nowhere").content_type == "application/problem+json"


def test_a_node_sees_no_page(browser: Callable[..., FlaskClient]) -> None:
    answer = browser("node").get("/")
    assert answer.status_code == 403
    assert "<h1>" in answer.text


def test_without_a_token_there_is_no_page_but_its_files_are(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    answer = client.get(answer.headers["Location"])
    assert "<h1>Log in</h1>" in answer.text
    (sheet,) = re.findall(r'href="(/assets/[^"]+/base.css)"', answer.text)
    with client.get(sheet) as file:
        assert file.status_code == 200
