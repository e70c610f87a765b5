"""People at browsers, without a browser: Flask's client, with the headers that browsers send."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

HEADERS = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"}


class Person:
    """A user with a browser that keeps its cookies."""

    def __init__(self, app: Flask, *, url: str = "http://localhost") -> None:
        self.client = app.test_client()
        self.url = url

    def get(self, path: str, **more: Any) -> TestResponse:
        headers = HEADERS | more.pop("headers", {})
        return self.client.get(path, base_url=self.url, headers=headers, **more)

    def post(self, path: str, form: dict[str, str] | None = None, **more: Any) -> TestResponse:
        """Send a form as it stands, without the field that a page of ours would have had."""
        given = HEADERS | more.pop("headers", {})
        headers = {name: text for name, text in given.items() if text is not None}
        answer = self.client.post(path, data=form or {}, base_url=self.url, headers=headers, **more)
        # As a browser does: to the preview, which is a page of its own.
        target = answer.headers.get("Location", "")
        return self.get(target) if target.endswith("preview=1") else answer

    def send(
        self, page: str, form: dict[str, str], path: str | None = None, **more: Any
    ) -> TestResponse:
        """Load a page, fill in its form, and send it."""
        return self.post(path or page, form | hidden_fields(self.get(page)), **more)

    def log_in(self, token: str, page: str = "/login") -> TestResponse:
        return self.send(page, {"token": token}, "/login")

    def cookies(self) -> dict[str, str]:
        """Name and value of each cookie that the browser has."""
        kept = self.client._cookies or {}
        return {name: cookie.value for (_, _, name), cookie in kept.items()}


def hidden_fields(page: TestResponse) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    assert found, page.text
    return dict(found)


def cookie_of(answer: TestResponse, name: str) -> str:
    """What a response sets a cookie to, with all its flags."""
    (line,) = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith(f"{name}=")]
    return line
