"""Static tokens: 256 random bits, stored only as SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from rowhouse.auth.caller import Caller, role_named
from rowhouse.auth.verified import Verified
from rowhouse.domain.errors import Unauthenticated
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database

PREFIX: Final = "rh_"
"""A prefix by which scanners for leaked secrets recognize a token."""

_RANDOM_BYTES: Final = 32
_SECONDS: Final = 10.0
"""A revoked token is refused within this many seconds."""


def new_token() -> str:
    """Return a new token: `rh_` and 43 characters of URL-safe base64."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def digest(token: str) -> bytes:
    """Return the digest under which a token is stored.

    The duration of a lookup by digest leaks nothing, because an attacker who guesses tokens does not control
    their digests.
    """
    return hashlib.sha256(token.encode()).digest()


class StaticTokens:
    """Looks up the tokens in the database."""

    def __init__(self, store: Database) -> None:
        self._store = store

    def verify(self, token: str) -> Verified:
        """Return the bearer of the token.

        Errors: Unauthenticated, NotAllowed (an unknown role); TryAgain and NotReady if the database cannot answer.
        """
        bearer = tokens.find(self._store, digest(token))
        if bearer is None:
            raise Unauthenticated(
                "the token is unknown, expired or revoked",
                hint="Ask an administrator for one: `rowhouse token create`.",
            )
        caller = Caller(
            name=bearer.name,
            role=role_named(bearer.role),
            cluster=bearer.cluster,
            node=bearer.node,
            namespaces=bearer.namespaces,
        )
        left = _SECONDS if bearer.seconds_left is None else bearer.seconds_left
        return Verified(caller, min(_SECONDS, left))
