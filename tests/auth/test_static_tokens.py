"""Static tokens: only their digest is kept, and they end when they should."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rowhouse.auth.caller import Caller
from rowhouse.auth.static import digest, new_token
from rowhouse.auth.verified import Verified, VerifiedCallers

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from psycopg.rows import TupleRow

    from auth.conftest import Service

ADA = Caller(name="ada", role="admin")


def test_a_token_has_256_random_bits() -> None:
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"rh_[A-Za-z0-9_-]{43}", token) for token in made)


def test_only_the_digest_is_in_the_database(
    make_token: Callable[..., str], dba: psycopg.Connection[TupleRow]
) -> None:
    token = make_token("admin")
    [(row,)] = dba.execute("SELECT t::text FROM tokens t").fetchall()
    assert digest(token).hex() in row
    assert token not in row
    [(logged,)] = dba.execute("SELECT a::text FROM audit_log a").fetchall()
    assert "token.create" in logged
    assert token not in logged
    assert digest(token).hex() not in logged


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE tokens SET revoked_at = clock_timestamp()",
        "UPDATE tokens SET expires_at = clock_timestamp()",
        "DELETE FROM tokens",
    ],
)
def test_a_token_that_has_ended_is_refused(
    service: Callable[..., Service],
    make_token: Callable[..., str],
    dba: psycopg.Connection[TupleRow],
    end: str,
) -> None:
    token = make_token("admin", seconds=60)
    dba.execute(end.encode())
    answer = service(auth="required").get("/nothing", token)
    assert answer.status_code == 401
    assert 'Bearer realm="rowhouse"' in answer.headers["WWW-Authenticate"]


def test_a_revoked_token_is_refused_after_ten_seconds(
    service: Callable[..., Service],
    make_token: Callable[..., str],
    dba: psycopg.Connection[TupleRow],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    defaults = VerifiedCallers.__init__.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "clock", lambda: now)
    required = service(auth="required")
    token = make_token("admin")
    assert required.get("/nothing", token).status_code == 404
    dba.execute("UPDATE tokens SET revoked_at = clock_timestamp()")
    now += 11
    assert required.get("/nothing", token).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "bearer rh_",
        "Bearer rh_ü",
        "Digest username=x",
        "rh_x",
        "Basic x",
        "Basic OnJo",
        "Bearer " + "x" * 20_000,
    ],
)
def test_a_header_without_a_token_is_refused(service: Callable[..., Service], header: str) -> None:
    answer = service(auth="required").get("/nothing", headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_browser_sends_it_as_a_password_for_reading_only(
    service: Callable[..., Service], make_token: Callable[..., str]
) -> None:
    required = service(auth="required")
    client = required.app.test_client()
    who = ("anyone", make_token("admin"))
    assert client.get("/nothing", auth=who).status_code == 404
    assert client.post("/nothing", auth=who).status_code == 403
    answer = required.get("/api/v1/pools", headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert answer.headers.getlist("WWW-Authenticate")[1:] == ['Basic realm="rowhouse"']


def test_verified_callers_are_forgotten_in_time_and_bounded_in_number() -> None:
    now = 0.0
    callers = VerifiedCallers(max_remembered=100, clock=lambda: now)
    callers.put(b"ada", Verified(ADA, 10))
    assert callers.get(b"ada") is ADA
    now = 10.0
    assert callers.get(b"ada") is None
    for number in range(1000):
        callers.put(str(number).encode(), Verified(ADA, 10))
    assert len(callers) == 100
