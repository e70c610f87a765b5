"""The provider: its metadata, its login URL, and the verification of its responses."""

from __future__ import annotations

import hmac
import ssl
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from rowhouse.auth import jwt
from rowhouse.auth.clusters import is_private
from rowhouse.auth.fetch import fetch
from rowhouse.auth.jwks import KeySet
from rowhouse.domain.errors import TryAgain, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rowhouse.auth.access import AccessSettings
    from rowhouse.auth.oidc.attempt import Attempt

_log = structlog.get_logger(__name__)

CALLBACK: Final = "/login/oidc/callback"
"""The path to which the provider redirects browsers."""

_DISCOVERY: Final = "/.well-known/openid-configuration"
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OLD_SECONDS: Final = 3600.0
_TIMEOUT_SECONDS: Final = 5.0
_LEEWAY_SECONDS: Final = 60


class Provider:
    """The OpenID Connect provider that the settings name. Safe to share between threads.

    Args:
        access: the settings, which name a provider.
        clock: monotonic time in seconds.
    """

    def __init__(
        self, access: AccessSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.issuer = access.oidc_issuer
        self._access = access
        self._clock = clock
        self._lock = threading.Lock()
        self._published: dict[str, Any] = {}
        self._read_at = float("-inf")
        self._keys = KeySet(lambda: self._fetch(self._metadata()["jwks_uri"]), clock=clock)

    def login_url(self, attempt: Attempt) -> str:
        """Return the login URL. Raises TryAgain if the provider's metadata is unavailable."""
        endpoint = self._metadata()["authorization_endpoint"]
        # This sends nothing. To load certificates takes 20 ms of CPU time, and any caller may ask for this URL.
        with self._client(trust=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
            url, _ = client.create_authorization_url(
                endpoint,
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(url)

    def claims(self, attempt: Attempt, answer: Mapping[str, str]) -> dict[str, Any]:
        """Return the claims about the user, from the callback's parameters.

        Errors: Unauthenticated; TryAgain if the provider is unreachable.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise Unauthenticated("the response belongs to another login", hint="Begin again.")
        # RFC 9207: a code from another issuer must not be sent to this one.
        if answer.get("iss", self.issuer) != self.issuer:
            raise Unauthenticated("the response comes from another issuer", hint="Begin again.")
        if "code" not in answer:
            said = answer.get("error_description") or answer.get("error") or "no code"
            raise Unauthenticated(f"the provider refuses: {said[:200]}", hint="Begin again.")
        code = answer["code"]
        if not (code.isascii() and code.isprintable()):  # RFC 6749, appendix A.11
            raise Unauthenticated("the code in the provider's response contains invalid characters")
        return self._verified(attempt, self._exchange(attempt, code))

    def _exchange(self, attempt: Attempt, code: str) -> dict[str, Any]:
        endpoint = self._metadata()["token_endpoint"]
        try:
            trust = ssl.create_default_context(cafile=self._access.oidc_ca_file or None)
            with self._client(trust=trust) as client:
                tokens: dict[str, Any] = client.fetch_token(
                    endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=attempt.verifier,
                )
        except OAuthError as error:
            said = error.description or error.error
            raise Unauthenticated(f"the provider refuses: {said}", hint="Begin again.") from error
        except (OSError, ValueError, httpx2.HTTPError) as error:
            raise TryAgain(f"no response from {endpoint}: {error}", hint="Begin again.") from error
        return tokens

    def _verified(self, attempt: Attempt, tokens: dict[str, Any]) -> dict[str, Any]:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise Unauthenticated("the provider's response has no ID token")
        header, _ = jwt.unverified(token)
        if header.get("alg") not in jwt.ALGORITHMS or not isinstance(header.get("kid"), str):
            raise Unauthenticated(
                f"the ID token is signed with {header.get('alg')} and has no key id"
            )
        claims = jwt.verified(
            token,
            self._keys.key(header["kid"]),
            audience=self._access.oidc_client_id,
            issuers=[self.issuer],
            leeway_seconds=_LEEWAY_SECONDS,
        )
        try:
            # The claims of OpenID Connect that are not part of JWT: nonce, azp, at_hash.
            CodeIDToken(
                claims,
                header,
                params={
                    "nonce": attempt.nonce,
                    "client_id": self._access.oidc_client_id,
                    "access_token": tokens.get("access_token"),
                },
            ).validate(leeway=_LEEWAY_SECONDS)
        except JoseError as error:
            raise Unauthenticated(f"the ID token is refused: {error}") from error
        return claims

    def _client(self, *, trust: ssl.SSLContext) -> OAuth2Client:
        secret = self._access.oidc_client_secret_file
        methods = self._metadata().get("token_endpoint_auth_methods_supported")
        basic = not isinstance(methods, list) or "client_secret_basic" in methods
        return OAuth2Client(
            client_id=self._access.oidc_client_id,
            client_secret=Path(secret).read_text(encoding="utf-8").strip() if secret else None,
            token_endpoint_auth_method=(
                ("client_secret_basic" if basic else "client_secret_post") if secret else "none"
            ),
            scope=self._access.oidc_scopes,
            redirect_uri=self._access.public_url + CALLBACK,
            code_challenge_method="S256",
            verify=trust,
            timeout=_TIMEOUT_SECONDS,
            follow_redirects=False,
        )

    def _metadata(self) -> dict[str, Any]:
        """The provider's metadata (OpenID Connect Discovery 1.0), reloaded every hour."""
        with self._lock:
            if self._clock() - self._read_at >= _OLD_SECONDS:
                try:
                    self._published = self._checked(
                        self._fetch(self.issuer.rstrip("/") + _DISCOVERY)
                    )
                    self._read_at = self._clock()
                except TryAgain as error:
                    if not self._published:
                        raise
                    _log.warning("oidc_discovery_unreadable", error=error.message)
            return self._published

    def _checked(self, document: Any) -> dict[str, Any]:
        if not isinstance(document, dict) or document.get("issuer") != self.issuer:
            said = document.get("issuer") if isinstance(document, dict) else None
            raise TryAgain(
                f"the provider at {self.issuer} calls itself {said!r}",
                hint="ROWHOUSE_OIDC_ISSUER must match the provider's spelling exactly.",
            )
        for name in _ENDPOINTS:
            if not isinstance(document.get(name), str) or not is_private(document[name]):
                raise TryAgain(f"the provider publishes no https URL as {name}")
        return document

    def _fetch(self, url: str) -> Any:
        return fetch(url, ca_file=self._access.oidc_ca_file)
