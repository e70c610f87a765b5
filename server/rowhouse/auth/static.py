"""Static tokens: 256 random bits, of which only the SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final, cast

from rowhouse.auth.caller import Caller
from rowhouse.auth.verified import Verified
from rowhouse.domain.errors import Unauthenticated
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from rowhouse.auth.caller import Role
    from rowhouse.store.connection.database import Database

PREFIX: Final = "rh_"
"""So that scanners for leaked secrets know one when they see it."""

_RANDOM_BYTES: Final = 32
_SECONDS: Final = 10.0
"""A revoked token is refused after this many seconds at the latest."""


def new_token() -> str:
    """A token that was never there before: `rh_` and 43 characters of URL-safe base64."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def digest(token: str) -> bytes:
    """What is kept of a token, and what it is looked up by.

    A look-up by digest tells nothing by the time that it takes: who tries tokens does not choose
    their digests.
    """
    return hashlib.sha256(token.encode()).digest()


class StaticTokens:
    """Knows the tokens in the database."""

    def __init__(self, store: Database) -> None:
        self._store = store

    def verify(self, token: str) -> Verified:
        """Who bears the token.

        Errors: Unauthenticated; TryAgain and NotReady when the database cannot tell.
        """
        bearer = tokens.find(self._store, digest(token))
        if bearer is None:
            raise Unauthenticated(
                "the token is not known, has expired or was revoked",
                hint="Ask an administrator for one: `rowhouse token create`.",
            )
        caller = Caller(
            name=bearer.name,
            role=cast("Role", bearer.role),
            cluster=bearer.cluster,
            node=bearer.node,
        )
        left = _SECONDS if bearer.seconds_left is None else bearer.seconds_left
        return Verified(caller, min(_SECONDS, left))
