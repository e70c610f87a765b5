"""A small OpenID Connect provider on loopback: every user at its login is logged in as `claims` say."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fixtures.http import Quiet, listening
from fixtures.signing import public, rsa_key, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT = "rowhouse-pages"
SECRET = "s3cret & more"


@dataclass
class Issuer:
    """The provider. `claims` change what it says, `published` what it publishes; it keeps what it was asked."""

    claims: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    key_id: str = "k1"
    refuses: str = ""
    authorizations: list[dict[str, str]] = field(default_factory=list)
    token_requests: list[tuple[dict[str, str], str | None]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    url: str = ""

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.published,
        }

    def log_in(self, location: str) -> str:
        """What its login page does at once: the path that it sends the browser back to."""
        back = urlsplit(self.way_back(location))
        return f"{back.path}?{back.query}"

    def way_back(self, location: str) -> str:
        """Where a login at this location leads to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        self.authorizations.append(asked)
        if self.refuses:
            answer = {"error": self.refuses, "state": asked["state"]}
        else:
            code = secrets.token_urlsafe()
            self.codes[code] = asked
            answer = {"code": code, "state": asked["state"], "iss": self.url}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def exchange(
        self, form: dict[str, str], authorization: str | None
    ) -> tuple[int, dict[str, Any]]:
        """A token for a code, once, for a client that knows its verifier (RFC 6749 4.1.3, RFC 7636 4.6)."""
        self.token_requests.append((form, authorization))
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(
            hashlib.sha256(form["code_verifier"].encode()).digest()
        )
        if challenge.rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "wrong verifier"}
        access = "opaque"
        said = {
            "iss": self.url,
            "sub": "4711",
            "aud": CLIENT,
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "nonce": asked["nonce"],
            "email": "ada@example.org",
            "email_verified": True,
            "groups": ["netops"],
            **self.claims,
        }
        whole = {name: value for name, value in said.items() if value is not None}
        token = signed(whole, rsa_key(), key_id=self.key_id, algorithm="RS256")
        return 200, {"access_token": access, "token_type": "Bearer", "id_token": token}


@contextlib.contextmanager
def issuing() -> Iterator[Issuer]:
    """A provider that answers until the context ends."""
    issuer = Issuer()

    class Handler(Quiet):
        def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
            path = urlsplit(self.path).path
            if path == "/realm/.well-known/openid-configuration":
                self.document(issuer.configuration())
            elif path == "/realm/keys":
                self.document({"keys": [public(rsa_key(), issuer.key_id)]})
            elif path == "/realm/authorize":
                button = '<form method="post"><button>Log in as Ada</button></form>'
                self.answer(f"<!doctype html><title>SSO</title>{button}".encode(), "text/html")
            else:
                self.send_error(404)

        def do_POST(self) -> None:  # noqa: N802 - http.server calls it so
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if urlsplit(self.path).path == "/realm/authorize":
                self.send_response(303)
                self.send_header("Location", issuer.way_back(self.path))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            form = {name: values[0] for name, values in parse_qs(body).items()}
            status, document = issuer.exchange(form, self.headers["Authorization"])
            self.document(document, status)

        def document(self, document: Any, status: int = 200) -> None:
            self.answer(json.dumps(document).encode(), "application/json", status)

    with listening(Handler) as url:
        issuer.url = f"{url}/realm"
        yield issuer
