"""Sessions: how they begin, what they are good for, and how they end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rowhouse.app import create_app
from rowhouse.auth.static import digest, new_token
from rowhouse.settings import Settings
from rowhouse.store.access import tokens
from rowhouse.web.session.target import local
from web.people.person import Person, cookie_of, hidden_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from flask import Flask
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from rowhouse.store.connection.database import Database as Store


@pytest.fixture
def make_token(store: Store) -> Callable[..., str]:
    """A token with that role."""

    def make(role: str = "viewer", *, name: str = "", seconds: float | None = None) -> str:
        token = new_token()
        tokens.create(
            store,
            name=name or f"the {role}",
            role=role,
            digest=digest(token),
            seconds=seconds,
            actor="test",
        )
        return token

    return make


@pytest.fixture
def make_app(database: Database) -> Iterator[Callable[..., Flask]]:
    made: list[Flask] = []

    def make(**settings: object) -> Flask:
        given = {"auth": "required", **settings}
        made.append(create_app(Settings.model_validate({"database_url": database.url, **given})))
        return made[-1]

    yield make
    for app in made:
        app.extensions["rowhouse"].store.close()


def test_a_token_begins_a_session_that_is_good_for_the_pages(
    app: Flask, make_token: Callable[..., str]
) -> None:
    person = Person(app)
    answer = person.get("/?page=2")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=%2F%3Fpage%3D2"
    answer = person.log_in(make_token("operator"), answer.headers["Location"])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?page=2")
    page = person.get("/")
    assert page.status_code == 200
    assert "the operator" in page.text
    assert "Log out" in page.text


def test_scripts_cannot_read_the_cookie_and_other_sites_cannot_send_it(
    app: Flask, make_token: Callable[..., str]
) -> None:
    token = make_token()
    cookie = cookie_of(Person(app).log_in(token), "rowhouse-session")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert token not in cookie


def test_over_https_the_cookie_is_of_this_host_alone(
    app: Flask, make_token: Callable[..., str]
) -> None:
    person = Person(app, url="https://rowhouse.example")
    cookie = cookie_of(person.log_in(make_token()), "__Host-rowhouse-session")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert person.get("/").status_code == 200


def test_behind_a_proxy_that_terminates_tls_the_cookie_is_still_secure(
    make_app: Callable[..., Flask], make_token: Callable[..., str]
) -> None:
    person = Person(make_app(public_url="https://rowhouse.example"), url="http://10.0.0.1:8080")
    form = {"token": make_token()} | hidden_fields(person.get("/login"))
    answer = person.post("/login", form, headers={"Origin": "https://rowhouse.example"})
    assert "Secure" in cookie_of(answer, "__Host-rowhouse-session")


def test_a_session_is_good_for_nothing_but_the_pages(
    app: Flask, make_token: Callable[..., str]
) -> None:
    person = Person(app)
    person.log_in(make_token("admin"))
    value = person.cookies()["rowhouse-session"]
    assert person.get("/").status_code == 200
    for path in ("/api/v1/pools", "/cni"):
        assert person.get(path).status_code in {401, 405}, path
        assert person.post(path).status_code == 401, path
    headers = {"Authorization": f"Bearer {value}"}
    assert person.get("/api/v1/pools", headers=headers).status_code == 401


def test_a_token_is_no_session(app: Flask, make_token: Callable[..., str]) -> None:
    token = make_token("admin")
    person = Person(app)
    headers = {"Authorization": f"Bearer {token}"}
    assert person.get("/api/v1/pools", headers=headers).status_code == 200
    person.client.set_cookie("rowhouse-session", token)
    assert person.get("/").status_code == 303


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_a_session_has_the_role_of_its_token(
    app: Flask, make_token: Callable[..., str], role: str
) -> None:
    person = Person(app)
    assert person.log_in(make_token(role)).status_code == 303
    assert f'<span class="tag">{role}</span>' in person.get("/").text


def test_a_node_has_no_session(app: Flask, make_token: Callable[..., str]) -> None:
    person = Person(app)
    answer = person.log_in(make_token("node"))
    assert answer.status_code == 403
    assert "which cannot open pages" in answer.text
    assert "rowhouse-session" not in person.cookies()


@pytest.mark.parametrize("token", ["", "rh_", "rh_" + "x" * 43, "ü", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_begins_no_session(app: Flask, token: str) -> None:
    person = Person(app)
    answer = person.log_in(token)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "rowhouse-session" not in person.cookies()


def test_a_session_ends_with_its_token(
    make_app: Callable[..., Flask],
    make_token: Callable[..., str],
    store: Store,
) -> None:
    token = make_token(name="ada")
    cookie = Person(make_app())
    cookie.log_in(token)
    tokens.revoke(store, "ada", actor="test")
    # Another replica, which has not seen the session a moment ago.
    other = Person(make_app())
    other.client.set_cookie("rowhouse-session", cookie.cookies()["rowhouse-session"])
    answer = other.get("/")
    assert answer.headers["Location"] == "/login?next=%2F&over=1"
    assert "rowhouse-session" not in other.cookies()
    assert "Your session has expired" in other.get(answer.headers["Location"]).text


def test_a_session_ends_when_its_token_expires(
    make_app: Callable[..., Flask],
    make_token: Callable[..., str],
    dba: psycopg.Connection[TupleRow],
) -> None:
    person = Person(make_app())
    person.log_in(make_token(seconds=3600))
    dba.execute("UPDATE tokens SET expires_at = clock_timestamp() - interval '1 second'")
    other = Person(make_app())
    other.client.set_cookie("rowhouse-session", person.cookies()["rowhouse-session"])
    assert other.get("/").status_code == 303


def test_a_session_ends_after_its_time_and_is_cleared_away(
    make_app: Callable[..., Flask],
    make_token: Callable[..., str],
    dba: psycopg.Connection[TupleRow],
) -> None:
    token = make_token()
    person = Person(make_app(session_seconds=60))
    person.log_in(token)
    (left,) = dba.execute("SELECT expires_at - clock_timestamp() FROM sessions").fetchone() or ()
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)
    dba.execute("UPDATE sessions SET expires_at = clock_timestamp() - interval '1 second'")
    other = Person(make_app())
    other.client.set_cookie("rowhouse-session", person.cookies()["rowhouse-session"])
    assert other.get("/").status_code == 303
    other.log_in(token)
    assert dba.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def test_logout_ends_the_session_on_the_server_too(
    app: Flask, make_token: Callable[..., str], dba: psycopg.Connection[TupleRow]
) -> None:
    person = Person(app)
    person.log_in(make_token())
    value = person.cookies()["rowhouse-session"]
    answer = person.send("/", {}, "/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert "rowhouse-session" not in person.cookies()
    person.client.set_cookie("rowhouse-session", value)
    assert person.get("/").status_code == 303
    assert dba.execute("SELECT count(*) FROM sessions").fetchone() == (0,)


def test_only_a_digest_of_the_cookie_is_in_the_database(
    app: Flask, make_token: Callable[..., str], dba: psycopg.Connection[TupleRow]
) -> None:
    person = Person(app)
    person.log_in(make_token())
    value = person.cookies()["rowhouse-session"]
    (row,) = dba.execute("SELECT sessions::text FROM sessions").fetchone() or ()
    assert value not in row
    assert digest(value).hex() in row


def test_each_login_is_another_session(app: Flask, make_token: Callable[..., str]) -> None:
    token = make_token()
    values = set()
    for _ in range(3):
        person = Person(app)
        person.client.set_cookie("rowhouse-session", "planted")
        person.log_in(token)
        values.add(person.cookies()["rowhouse-session"])
    assert len(values - {"planted"}) == 3


def test_guessing_tokens_in_the_form_is_slow(
    make_app: Callable[..., Flask], make_token: Callable[..., str]
) -> None:
    token = make_token()
    app = make_app(failure_rate=0.001, failure_burst=3)
    statuses = [Person(app).log_in(f"rh_guess{number}").status_code for number in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert Person(app).log_in(token).status_code == 429, "nobody is let in meanwhile"


def test_made_up_cookies_are_refused_as_often_as_made_up_tokens(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(failure_rate=0.001, failure_burst=3)
    statuses = []
    for number in range(5):
        person = Person(app)
        person.client.set_cookie("rowhouse-session", f"guess{number}")
        statuses.append(person.get("/").status_code)
    assert statuses == [303, 303, 303, 429, 429]


def test_who_has_no_cookie_has_guessed_nothing(make_app: Callable[..., Flask]) -> None:
    app = make_app(failure_rate=0.001, failure_burst=2)
    assert {Person(app).get("/").status_code for _ in range(9)} == {303}


def test_without_access_control_there_is_no_login(make_app: Callable[..., Flask]) -> None:
    person = Person(make_app(auth="auto"))
    page = person.get("/")
    assert page.status_code == 200
    assert "No login needed" in page.text
    assert person.get("/login?next=/audit").headers["Location"] == "/audit"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "",
        "javascript:x",
        "/login",
    ],
)
def test_the_login_leads_nowhere_else(target: str) -> None:
    assert local(target) == "/"


@pytest.mark.parametrize("target", ["/", "/audit?actor=ada", "/pools/3"])
def test_the_login_leads_to_the_requested_page(target: str) -> None:
    assert local(target) == target


def test_a_part_of_a_page_that_needs_a_login_loads_the_login(app: Flask) -> None:
    answer = Person(app).get("/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login"


def test_a_program_without_a_token_is_told_so(app: Flask) -> None:
    answer = Person(app).get("/", headers={"Accept": "*/*"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="rowhouse"'
