"""Whatever bytes a caller sends before it has proved anything, the server refuses them and has no fault.

Every parser that such bytes reach: headers, cookies, tokens, origins, paths, query strings, forms, the callback of
an OpenID Connect provider. A refused credential costs the sender's address a try.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from fixtures.signing import ec_key, public
from fuzz.dice import Dice
from fuzz.unauthenticated import CALLBACK, ISSUER, Sent, encoded, nested, request, signature
from rowhouse.app import create_app
from rowhouse.settings import Settings
from web.people.oidc_issuer import CLIENT, Issuer, issuing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from fixtures.wiping import SharedDatabase

QUICK = 200
CHUNKS = 10
IN_A_CHUNK = 10_000
BYTES = 160
SERVER_ERROR = 500
NOT_READY = 503
TOO_MANY = 429


@pytest.fixture
def provider() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture
def make(database: SharedDatabase) -> Iterator[Callable[..., Flask]]:
    with contextlib.ExitStack() as stack:

        def make(**given: Any) -> Flask:
            app = create_app(Settings(database_url=database.url, pool_size=2, **given))
            stack.callback(app.extensions["rowhouse"].store.close)
            return app

        yield make
    structlog.reset_defaults()


@pytest.fixture
def closed(make: Callable[..., Flask], provider: Issuer, tmp_path: Path) -> Flask:
    """An application that takes tokens of a cluster, and people whom a provider names; each address has one try."""
    keys = tmp_path / "jwks"
    keys.write_text(json.dumps({"keys": [public(ec_key(), "k1")]}))
    app = make(
        auth="required",
        jwks=str(keys),
        jwt_issuer=ISSUER,
        public_url="https://rowhouse.example",
        oidc_issuer=provider.url,
        oidc_client_id=CLIENT,
        oidc_roles={"*": "viewer"},
        failure_rate=1e-6,
        failure_burst=1,
    )
    app.extensions["rowhouse"].guard.verification.look()
    return app


@pytest.fixture
def open_to_all(make: Callable[..., Flask]) -> Flask:
    """An application that needs no token, on loopback."""
    return make()


class Sender:
    """Sends each request from another address, which has one try.

    Args:
        app: the application.
        counts: it takes no request without a credential, so a refused one must cost the try.
    """

    def __init__(self, app: Flask, *, counts: bool) -> None:
        self.app = app
        self._counts = counts
        self._addresses = (f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in itertools.count(1))

    def __call__(self, sent: Sent) -> int:
        """The status of the answer, which is never a fault of the server."""
        address = next(self._addresses)
        status = self._status(sent, address)
        assert status < SERVER_ERROR or may_try_again(sent, status), (status, sent)
        if self._counts and is_refused_credential(sent, status):
            assert self._status(WRONG, address) == TOO_MANY, ("not counted", status, sent)
        return status

    def _status(self, sent: Sent, address: str) -> int:
        with self.app.test_client(use_cookies=False) as client, capture_logs() as lines:
            try:
                answer = client.open(environ_overrides=sent.environment(address))
                answer.get_data()
                answer.close()
            except Exception as error:  # noqa: BLE001 - any is a fault
                # In ASCII, since pytest-xdist cannot send half a character to its parent process.
                pytest.fail(ascii((error, sent)), pytrace=False)
        assert not [line for line in lines if "exc_info" in line], (lines, sent)
        return answer.status_code


def may_try_again(sent: Sent, status: int) -> bool:
    """Whether this is "not ready" of CNI, or of a caller that says it waits no longer."""
    return status == NOT_READY and (sent.path == "/cni" or "Rowhouse-Timeout" in sent.headers)


def is_refused_credential(sent: Sent, status: int) -> bool:
    """Whether an authentication failed, rather than none was tried."""
    tried = "Authorization" in sent.headers or (sent.method, sent.path) == ("GET", CALLBACK)
    return status == 401 and tried


def bearer(header: Any, *, is_signed: bool = False) -> dict[str, str]:
    parts = f"{encoded(header)}.{encoded({'iss': ISSUER})}"
    return {"Authorization": f"Bearer {parts}.{signature(parts) if is_signed else 'AAAA'}"}


def attempt_cookie(text: str) -> dict[str, str]:
    return {"Cookie": f"__Host-rowhouse-attempt={text}"}


WRONG = Sent("GET", "/api/v1/pools", headers={"Authorization": "Bearer rh_wrong"})
BEGUN = encoded({"state": "s", "nonce": "n", "verifier": "v" * 43, "target": "/"}) + "=="
LOCAL = {"Host": "127.0.0.1:8080"}
CREDENTIALS = {
    "an algorithm that is a list": Sent(
        "GET", "/api/v1/pools", headers=bearer({"alg": ["RS256"], "kid": "k1"})
    ),
    "a header that is a list": Sent("GET", "/api/v1/pools", headers=bearer(["alg"])),
    "half a character, signed": Sent(
        "GET",
        "/api/v1/pools",
        headers=bearer({"alg": "ES256", "kid": "k1", "crit": "\ud800"}, is_signed=True),
    ),
    "an attempt of 5,000 arrays": Sent("GET", CALLBACK, "state=s", attempt_cookie(nested(5000))),
    "a code that is none": Sent("GET", CALLBACK, "state=s&code=%C3%A9", attempt_cookie(BEGUN)),
    "an attempt of nothing": Sent(
        "GET",
        CALLBACK,
        "state=&code=c",
        attempt_cookie(encoded({"state": "", "nonce": "", "verifier": "", "target": ""})),
    ),
}
WITHOUT_A_TOKEN = {
    "an origin that is no URL": (
        Sent("POST", "/api/v1/pools", headers={**LOCAL, "Origin": "http://["}),
        403,
    ),
    "a host that is no URL": (Sent("GET", "/api/v1/pools", headers={"Host": "["}), 403),
    "a host that is no name": (
        Sent("GET", "/search", headers={"Host": "x" * 300, "Accept": "text/html"}),
        400,
    ),
    "a form of an origin that is no URL": (
        Sent("POST", "/login", headers={**LOCAL, "Origin": "http://["}),
        403,
    ),
}


@pytest.mark.parametrize("sent", CREDENTIALS.values(), ids=CREDENTIALS)
def test_a_credential_that_cannot_be_read_is_refused_and_counted(closed: Flask, sent: Sent) -> None:
    assert Sender(closed, counts=True)(sent) == 401


@pytest.mark.parametrize(("sent", "status"), WITHOUT_A_TOKEN.values(), ids=WITHOUT_A_TOKEN)
def test_a_header_that_cannot_be_read_is_refused(
    open_to_all: Flask, sent: Sent, status: int
) -> None:
    assert Sender(open_to_all, counts=False)(sent) == status


@pytest.mark.parametrize("tag", ['""', 'W/""', '"1", ""'])
def test_an_empty_tag_is_that_of_no_version(
    open_to_all: Flask, database: SharedDatabase, tag: str
) -> None:
    ((pool, version),) = database.rows("SELECT id, version + 1 FROM pools")
    tag = tag.replace("1", str(version))
    sent = Sent("DELETE", f"/api/v1/pools/{pool}", headers={**LOCAL, "If-Match": tag})
    assert Sender(open_to_all, counts=False)(sent) == 412


@settings(max_examples=QUICK, suppress_health_check=list(HealthCheck))
@given(st.binary(min_size=BYTES, max_size=BYTES))
def test_any_request_of_an_unknown_caller_is_answered(closed: Flask, entropy: bytes) -> None:
    sent = request(Dice(entropy))
    note(repr(sent))
    Sender(closed, counts=True)(sent)


@settings(max_examples=QUICK, suppress_health_check=list(HealthCheck))
@given(st.binary(min_size=BYTES, max_size=BYTES))
def test_any_request_to_an_open_server_is_answered(open_to_all: Flask, entropy: bytes) -> None:
    sent = request(Dice(entropy))
    note(repr(sent))
    Sender(open_to_all, counts=False)(sent)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_hundred_thousand_requests_are_answered(
    closed: Flask, open_to_all: Flask, chunk: int
) -> None:
    """Each chunk has the same requests in every run."""
    drawn = random.Random(chunk)
    senders = (Sender(closed, counts=True), Sender(open_to_all, counts=False))
    for number in range(IN_A_CHUNK):
        senders[number % 2](request(Dice(drawn.randbytes(BYTES))))
