"""Login at an OpenID Connect provider: a small one of the tests' own, over HTTP."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pytest

from rowhouse.app import create_app
from rowhouse.settings import Settings, SettingsError
from web.people.oidc_issuer import CLIENT, SECRET, Issuer, issuing
from web.people.person import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow
    from werkzeug.test import TestResponse

    from fixtures.databases import Database

PUBLIC = "https://rowhouse.example"
ROLES = {"netops": "operator", "leads": "admin", "everyone": "viewer"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture
def make_person(database: Database, issuer: Issuer) -> Iterator[Callable[..., Person]]:
    """A user of an application that knows the provider."""
    made = []

    def make(**settings: Any) -> Person:
        given = {
            "database_url": database.url,
            "auth": "required",
            "public_url": PUBLIC,
            "oidc_issuer": issuer.url,
            "oidc_client_id": CLIENT,
            "oidc_roles": ROLES,
            **settings,
        }
        app = create_app(Settings.model_validate(given))
        made.append(app)
        return Person(app, url=PUBLIC)

    yield make
    for app in made:
        app.extensions["rowhouse"].store.close()


def to_provider(person: Person, path: str = "/login/oidc") -> str:
    answer = person.get(path)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def log_in(person: Person, issuer: Issuer, path: str = "/login/oidc") -> TestResponse:
    return person.get(
        issuer.log_in(to_provider(person, path)), headers={"Sec-Fetch-Site": "cross-site"}
    )


def test_a_user_of_the_provider_gets_a_session_with_their_role(
    make_person: Callable[..., Person], issuer: Issuer, dba: psycopg.Connection[TupleRow]
) -> None:
    person = make_person()
    assert issuer.url.split("/")[2] in person.get("/login").text
    answer = log_in(person, issuer, "/login/oidc?next=/audit")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/audit")
    page = person.get("/").text
    assert "oidc:ada@example.org" in page
    assert '<span class="tag">operator</span>' in page
    found = dba.execute("SELECT name, role, token_id FROM sessions").fetchall()
    assert found == [("oidc:ada@example.org", "operator", None)]
    assert "__Host-rowhouse-attempt" not in person.cookies()


def test_the_provider_is_asked_with_code_and_pkce_and_for_no_other_way_back(
    make_person: Callable[..., Person], issuer: Issuer
) -> None:
    log_in(make_person(), issuer)
    (asked,) = issuer.authorizations
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{PUBLIC}/login/oidc/callback"
    assert "openid" in asked["scope"].split()
    assert {len(asked[name]) for name in ("state", "nonce")} == {43}
    ((form, authorization),) = issuer.token_requests
    assert authorization is None
    assert form["client_id"] == CLIENT
    assert len(form["code_verifier"]) == 43


def test_a_client_with_a_secret_proves_itself(
    make_person: Callable[..., Person], issuer: Issuer, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    assert log_in(make_person(oidc_client_secret_file=str(file)), issuer).status_code == 303
    ((form, authorization),) = issuer.token_requests
    assert authorization is not None
    shown = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    assert shown in {f"{CLIENT}:{SECRET}", f"{CLIENT}:{quote_plus(SECRET)}"}
    assert "client_secret" not in form


def test_where_the_provider_wants_it_the_secret_is_in_the_form(
    make_person: Callable[..., Person], issuer: Issuer, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    issuer.published = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert log_in(make_person(oidc_client_secret_file=str(file)), issuer).status_code == 303
    ((form, authorization),) = issuer.token_requests
    assert (authorization, form["client_secret"]) == (None, SECRET)


@pytest.mark.parametrize(
    ("settings", "claims", "role"),
    [
        ({}, {"groups": ["everyone", "leads", "other"]}, "admin"),
        ({}, {"groups": "netops"}, "operator"),
        ({"oidc_roles": {"*": "viewer"}}, {"groups": None}, "viewer"),
        ({"oidc_roles": {"*": "viewer", "netops": "operator"}}, {}, "operator"),
        (
            {"oidc_role_claim": "realm_access.roles"},
            {"realm_access": {"roles": ["leads"]}},
            "admin",
        ),
        (
            {"oidc_role_claim": "https://x.example/r"},
            {"https://x.example/r": ["everyone"]},
            "viewer",
        ),
        ({"oidc_namespaces": {"netops": ["shop"]}}, {"groups": ["netops"]}, "operator"),
        ({"oidc_namespaces": {"sales": ["shop"]}}, {"groups": ["sales", "other"]}, "team"),
        ({"oidc_roles": {}, "oidc_namespaces": {"*": ["shop"]}}, {"groups": []}, "team"),
    ],
)
def test_the_highest_role_that_a_claim_gives(
    make_person: Callable[..., Person],
    issuer: Issuer,
    settings: dict[str, Any],
    claims: dict[str, Any],
    role: str,
) -> None:
    issuer.claims = claims
    person = make_person(**settings)
    assert log_in(person, issuer).status_code == 303
    page = person.get("/reservations")
    assert f'<span class="tag">{role}</span>' in page.text


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"groups": ["sales"]}, "has no role here"),
        ({"groups": None}, "has no role here"),
        ({"groups": {"netops": True}}, "has no role here"),
        ({"email": None}, "does not send"),
        ({"email": ["ada"]}, "does not send"),
        ({"email": "ada\n"}, "does not send"),
        ({"email_verified": False}, "has not verified"),
        ({"email_verified": "false"}, "has not verified"),
        ({"email_verified": 0}, "has not verified"),
        ({"email_verified": "yes"}, "has not verified"),
        ({"email_verified": [True]}, "has not verified"),
    ],
)
def test_a_user_without_a_name_or_a_role_gets_no_session(
    make_person: Callable[..., Person], issuer: Issuer, claims: dict[str, Any], said: str
) -> None:
    issuer.claims = claims
    person = make_person()
    answer = log_in(person, issuer)
    assert answer.status_code == 403
    assert said in answer.text
    assert person.get("/").status_code == 303


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"exp": int(time.time()) - 3600},
        {"nonce": "of another attempt"},
        {"nonce": None},
        {"nonce": ""},
        {"sub": None},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_an_id_token_that_is_not_for_this_login_is_refused(
    make_person: Callable[..., Person], issuer: Issuer, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    person = make_person()
    answer = log_in(person, issuer)
    assert answer.status_code == 401, answer.text
    assert person.get("/").status_code == 303


def test_a_key_that_the_provider_does_not_publish_signs_nothing(
    make_person: Callable[..., Person], issuer: Issuer
) -> None:
    person = make_person()
    assert log_in(person, issuer).status_code == 303
    location = to_provider(person)
    issuer.key_id = "k2"  # and the keys that we know are a moment old: not read again at once
    assert person.get(issuer.log_in(location)).status_code == 401


def test_the_answer_to_another_browser_is_refused(
    make_person: Callable[..., Person], issuer: Issuer
) -> None:
    person, other = make_person(), make_person()
    stolen = issuer.log_in(to_provider(other))
    assert person.get(stolen).status_code == 401
    to_provider(person)
    assert person.get(stolen).status_code == 401
    assert issuer.token_requests == []


def test_an_answer_is_good_once(make_person: Callable[..., Person], issuer: Issuer) -> None:
    person = make_person()
    answer = issuer.log_in(to_provider(person))
    kept = person.cookies()["__Host-rowhouse-attempt"]
    assert person.get(answer).status_code == 303
    assert person.get(answer).status_code == 401
    person.client.set_cookie(
        "__Host-rowhouse-attempt", kept, domain="rowhouse.example", secure=True
    )
    assert person.get(answer).status_code == 401, "the provider takes a code once"


@pytest.mark.parametrize("left_out", ["state", "nonce", "verifier"])
def test_an_attempt_with_an_empty_secret_is_none(
    make_person: Callable[..., Person], issuer: Issuer, left_out: str
) -> None:
    person = make_person()
    answer = issuer.log_in(to_provider(person))
    kept = person.cookies()["__Host-rowhouse-attempt"]
    begun = json.loads(base64.urlsafe_b64decode(kept))
    changed = json.dumps({**begun, left_out: ""}).encode()
    person.client.set_cookie(
        "__Host-rowhouse-attempt",
        base64.urlsafe_b64encode(changed).decode(),
        domain="rowhouse.example",
        secure=True,
    )
    if left_out == "state":
        answer = answer.replace(quote_plus(begun["state"]), "")
    if left_out == "nonce":
        issuer.claims = {"nonce": None}
    assert person.get(answer).status_code == 401
    assert issuer.token_requests == []


def test_a_login_leads_to_a_page_with_any_letters(
    make_person: Callable[..., Person], issuer: Issuer
) -> None:
    answer = log_in(make_person(), issuer, "/login/oidc?next=/search%3Fq%3D%C3%A9")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/search?q=%C3%A9")


def test_a_provider_may_say_verified_as_text(
    make_person: Callable[..., Person], issuer: Issuer
) -> None:
    issuer.claims = {"email_verified": "true"}
    assert log_in(make_person(), issuer).status_code == 303


def test_an_answer_that_names_another_issuer_is_refused(
    make_person: Callable[..., Person], issuer: Issuer
) -> None:
    person = make_person()
    answer = issuer.log_in(to_provider(person)).replace("iss=http", "iss=https")
    assert person.get(answer).status_code == 401
    assert issuer.token_requests == []


def test_who_gives_up_at_the_provider_reads_so(
    make_person: Callable[..., Person], issuer: Issuer
) -> None:
    issuer.refuses = "access_denied"
    answer = log_in(make_person(), issuer)
    assert answer.status_code == 401
    assert "access_denied" in answer.text


def test_the_login_leads_nowhere_else(make_person: Callable[..., Person], issuer: Issuer) -> None:
    answer = log_in(make_person(), issuer, "/login/oidc?next=//evil.example/")
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize(
    "published",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_publishes_something_else_is_not_believed(
    make_person: Callable[..., Person], issuer: Issuer, published: dict[str, Any]
) -> None:
    issuer.published = published
    assert make_person().get("/login/oidc").status_code == 503


def test_without_the_provider_a_token_still_gets_in(
    make_person: Callable[..., Person], issuer: Issuer
) -> None:
    person = make_person(oidc_issuer="http://127.0.0.1:1/realm")
    assert person.get("/login/oidc").status_code == 503
    assert 'name="token"' in person.get("/login").text
    assert issuer.authorizations == []


def test_without_a_provider_there_is_no_such_login(database: Database) -> None:
    app = create_app(Settings(database_url=database.url, auth="required"))
    try:
        assert Person(app).get("/login/oidc").status_code == 404
        assert "/login/oidc" not in Person(app).get("/login").text
    finally:
        app.extensions["rowhouse"].store.close()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ROWHOUSE_OIDC_ISSUER": "http://idp.example"}, "must be https"),
        ({"ROWHOUSE_OIDC_CLIENT_ID": ""}, "ROWHOUSE_OIDC_CLIENT_ID"),
        ({"ROWHOUSE_OIDC_ROLES": ""}, "ROWHOUSE_OIDC_ROLES"),
        ({"ROWHOUSE_OIDC_ROLES": '{"a": "king"}'}, "ROWHOUSE_OIDC_ROLES"),
        ({"ROWHOUSE_PUBLIC_URL": ""}, "ROWHOUSE_PUBLIC_URL"),
        ({"ROWHOUSE_PUBLIC_URL": "https://x.example/path"}, "ROWHOUSE_PUBLIC_URL"),
        ({"ROWHOUSE_OIDC_CLIENT_SECRET_FILE": "/nowhere"}, "no file"),
        ({"ROWHOUSE_OIDC_SCOPES": "email"}, "openid"),
    ],
)
def test_settings_that_do_not_fit_stop_the_start(changed: dict[str, str], said: str) -> None:
    environment = {
        "ROWHOUSE_DATABASE_URL": "postgresql://x/y",
        "ROWHOUSE_OIDC_ISSUER": "https://idp.example",
        "ROWHOUSE_OIDC_CLIENT_ID": CLIENT,
        "ROWHOUSE_OIDC_ROLES": '{"netops": "operator"}',
        "ROWHOUSE_PUBLIC_URL": PUBLIC,
    }
    assert Settings.from_environment(environment).oidc_roles == {"netops": "operator"}
    with pytest.raises(SettingsError, match=said):
        Settings.from_environment(environment | changed)
