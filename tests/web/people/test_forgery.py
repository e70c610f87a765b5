"""Forms that pages of others make a browser send change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rowhouse.app import create_app
from rowhouse.auth.static import digest, new_token
from rowhouse.settings import Settings
from rowhouse.store.access import tokens
from web.people.person import Person, hidden_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store

FOREIGN: dict[str, dict[str, str | None]] = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    "another host of the domain": {"Sec-Fetch-Site": "same-site", "Origin": "http://x.localhost"},
    "an older browser's other site": {"Sec-Fetch-Site": None, "Origin": "https://evil.example"},
    "another port": {"Sec-Fetch-Site": None, "Origin": "http://localhost:9999"},
    "a sandboxed frame": {"Sec-Fetch-Site": None, "Origin": "null"},
    "a browser that does not say": {"Sec-Fetch-Site": None, "Origin": None},
}


@pytest.fixture
def operator(app: Flask, store: Store) -> Person:
    """An operator who has logged in."""
    token = new_token()
    tokens.create(store, name="ada", role="operator", digest=digest(token), actor="test")
    person = Person(app)
    assert person.log_in(token).status_code == 303
    return person


@pytest.fixture
def open_app(database: Database) -> Iterator[Flask]:
    made = create_app(Settings(database_url=database.url))
    yield made
    made.extensions["rowhouse"].store.close()


@pytest.mark.parametrize("sender", FOREIGN)
def test_a_form_of_another_site_is_refused_even_with_the_right_field(
    operator: Person, sender: str
) -> None:
    form = hidden_fields(operator.get("/"))
    answer = operator.post("/logout", form, headers=FOREIGN[sender])
    assert answer.status_code == 403, sender
    assert operator.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://in-front.example"},
        {"Sec-Fetch-Site": None, "Origin": "http://localhost"},
        {"Sec-Fetch-Site": None, "Origin": "https://localhost"},
    ],
    ids=["behind a proxy", "an older browser", "an older browser behind a proxy that ends TLS"],
)
def test_a_form_of_our_own_page_is_taken(operator: Person, headers: dict[str, str | None]) -> None:
    form = hidden_fields(operator.get("/"))
    assert operator.post("/logout", form, headers=headers).status_code == 303


def test_a_form_without_the_field_is_refused(operator: Person) -> None:
    assert operator.post("/logout").status_code == 403
    assert operator.post("/logout", {"csrf": ""}).status_code == 403
    assert operator.post("/logout", {"csrf": "0" * 64}).status_code == 403
    assert operator.get("/").status_code == 200


def test_the_field_of_another_session_is_refused(
    operator: Person, app: Flask, store: Store
) -> None:
    token = new_token()
    tokens.create(store, name="eve", role="operator", digest=digest(token), actor="test")
    eve = Person(app)
    eve.log_in(token)
    assert operator.post("/logout", hidden_fields(eve.get("/"))).status_code == 403


def test_the_field_of_before_the_login_is_refused_after_it(app: Flask, operator: Person) -> None:
    before = hidden_fields(Person(app).get("/login"))
    assert operator.post("/logout", {"csrf": before["csrf"]}).status_code == 403


def test_no_user_is_logged_in_by_another_site(app: Flask, store: Store) -> None:
    token = new_token()
    tokens.create(store, name="mallory", role="viewer", digest=digest(token), actor="test")
    person = Person(app)
    assert person.post("/login", {"token": token}).status_code == 403
    assert "rowhouse-session" not in person.cookies()


def test_forms_are_protected_even_without_a_login(open_app: Flask) -> None:
    person = Person(open_app)
    page = person.get("/login?next=/")
    assert page.status_code == 303  # no login, so look for a form elsewhere
    assert person.post("/logout").status_code == 403


def test_a_token_in_a_header_needs_no_field(app: Flask, store: Store) -> None:
    token = new_token()
    tokens.create(store, name="script", role="operator", digest=digest(token), actor="test")
    headers = {"Authorization": f"Bearer {token}", **FOREIGN["a browser that does not say"]}
    assert Person(app).post("/logout", headers=headers).status_code == 303


def test_a_password_of_a_browser_is_no_way_around(app: Flask, store: Store) -> None:
    token = new_token()
    tokens.create(store, name="ada", role="operator", digest=digest(token), actor="test")
    answer = Person(app).client.post(
        "/logout", auth=("ada", token), headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403


def test_a_form_may_not_be_endless(operator: Person) -> None:
    assert operator.post("/logout", {"csrf": "x" * 1_000_000}).status_code == 413
