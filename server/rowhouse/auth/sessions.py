"""Sessions: a random value in a cookie stands for an authenticated user.

The value has 256 random bits and no content, so there is nothing to sign and no key for replicas to share. It is
valid while its row exists, so a logout ends it everywhere, and so does revoking the token.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rowhouse.auth.caller import Caller, role_named
from rowhouse.auth.static import PREFIX, StaticTokens, digest
from rowhouse.auth.verified import Verified
from rowhouse.domain.errors import NotAllowed, Unauthenticated
from rowhouse.store.access import sessions

if TYPE_CHECKING:
    from rowhouse.auth.oidc.people import Person
    from rowhouse.store.connection.database import Database

_RANDOM_BYTES: Final = 32
_SECONDS: Final = 10.0
"""A session ends at most this many seconds after its token was revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A new session: the value of the cookie, and the user's name."""

    value: str
    name: str
    seconds: float


class Sessions:
    """Begins, verifies and ends sessions.

    Args:
        store: the database.
        seconds: maximum duration of a session.
    """

    def __init__(self, store: Database, *, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._tokens = StaticTokens(store)

    def begin_with_token(self, token: str) -> Begun:
        """Begin a session for the bearer of a static token.

        Errors: Unauthenticated, NotAllowed (a node's token, an unknown role); TryAgain and NotReady.
        """
        if not token.startswith(PREFIX) or not token.isascii():
            raise Unauthenticated(
                f"this is not a token: tokens begin with {PREFIX}",
                hint="Ask an administrator for one: `rowhouse token create`.",
            )
        bearer = self._tokens.verify(token).caller
        if bearer.role == "node":
            raise NotAllowed(
                f'"{bearer.name}" is a node\'s token, which cannot open pages',
                hint="Use a token with the role team, viewer, operator or admin.",
            )
        value = _new_value()
        sessions.begin_with_token(
            self._store, digest(value), token=digest(token), seconds=self._seconds
        )
        return Begun(value=value, name=bearer.name, seconds=self._seconds)

    def begin_as(self, person: Person) -> Begun:
        """Begin a session for a user of the OpenID Connect provider. Raises TryAgain, NotReady."""
        value = _new_value()
        sessions.begin_as(
            self._store,
            digest(value),
            name=person.name,
            role=person.role,
            namespaces=person.namespaces,
            seconds=self._seconds,
        )
        return Begun(value=value, name=person.name, seconds=self._seconds)

    def verify(self, value: str) -> Verified:
        """Return the caller of the session with this cookie.

        Errors: Unauthenticated, NotAllowed (an unknown role); TryAgain and NotReady if the database cannot answer.
        """
        bearer = sessions.find(self._store, digest(value))
        if bearer is None:
            raise Unauthenticated("the session has expired", hint="Log in again.")
        caller = Caller(
            name=bearer.name, role=role_named(bearer.role), namespaces=bearer.namespaces
        )
        return Verified(caller, min(_SECONDS, bearer.seconds_left or 0.0))

    def end(self, value: str) -> None:
        """End a session, if it exists. Raises TryAgain, NotReady."""
        sessions.end(self._store, digest(value))


def _new_value() -> str:
    return secrets.token_urlsafe(_RANDOM_BYTES)
