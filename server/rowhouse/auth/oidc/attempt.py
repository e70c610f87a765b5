"""What a browser remembers while somebody logs in at the provider."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from dataclasses import asdict, dataclass
from typing import Final

from rowhouse.domain.errors import Unauthenticated

SECONDS: Final = 600.0
"""For how long an attempt may go on."""

_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt. Who can change it is who makes it, so it is not signed.

    Args:
        state: comes back with the answer, which is so known to be that of this browser.
        nonce: comes back in the ID token, which is so known to be of this attempt.
        verifier: the secret of PKCE; the code is worth nothing without it.
        target: the path to go to afterwards.
    """

    state: str
    nonce: str
    verifier: str
    target: str

    @classmethod
    def new(cls, target: str) -> Attempt:
        """An attempt with fresh secrets."""
        state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
        return cls(state=state, nonce=nonce, verifier=verifier, target=target)

    def text(self) -> str:
        """As a cookie holds it."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode("ascii")

    @classmethod
    def read(cls, text: str) -> Attempt:
        """From the cookie. Raises Unauthenticated if it is none."""
        try:
            known = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
            return cls(**{name: str(known[name]) for name in cls.__slots__})
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise Unauthenticated(
                "this browser knows of no login that it has begun",
                hint="Begin again. Cookies must be allowed, and a login has ten minutes.",
            ) from None
