"""The state of a login attempt, kept in the browser while the user is at the provider."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from typing import Final

from rowhouse.domain.errors import Unauthenticated
from rowhouse.domain.unreadable import ABOUT_A_VALUE

SECONDS: Final = 600.0
"""Maximum duration of an attempt."""

_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt. It is not signed, because only its own browser can change it.

    Args:
        state: returned with the response, which proves that it belongs to this browser.
        nonce: returned in the ID token, which proves that it belongs to this attempt.
        verifier: the PKCE secret; the code is useless without it.
        target: the path to open afterwards.
    """

    state: str
    nonce: str
    verifier: str
    target: str

    @classmethod
    def new(cls, target: str) -> Attempt:
        """Return an attempt with new secrets."""
        state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
        return cls(state=state, nonce=nonce, verifier=verifier, target=target)

    def text(self) -> str:
        """Encode it for a cookie."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode("ascii")

    @classmethod
    def read(cls, text: str) -> Attempt:
        """Decode the cookie. Raises Unauthenticated if it is invalid."""
        try:
            known = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
            return cls(**{name: _part(name, known[name]) for name in cls.__slots__})
        except ABOUT_A_VALUE:
            raise Unauthenticated(
                "this browser has no login in progress",
                hint="Start the login again. Allow cookies, and finish the login within 10 minutes.",
            ) from None


def _part(name: str, value: object) -> str:
    """Check a part of an attempt that `new` made. An empty secret would equal a parameter that the response omits."""
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError(f"{name} is not text")
    if name != "target" and not value.isascii():
        raise ValueError(f"{name} is not a secret that we made")
    return value
