"""Sessions: a random value in a cookie stands for somebody who has proved who they are.

The value has 256 random bits and says nothing, so there is nothing to sign and no key for replicas to share; it
is good for as long as its row is there. So a logout ends it everywhere, and so does revoking the token.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from rowhouse.auth.caller import Caller
from rowhouse.auth.static import PREFIX, StaticTokens, digest
from rowhouse.auth.verified import Verified
from rowhouse.domain.errors import NotAllowed, Unauthenticated
from rowhouse.store.access import sessions

if TYPE_CHECKING:
    from rowhouse.auth.caller import PersonRole, Role
    from rowhouse.store.connection.database import Database

_RANDOM_BYTES: Final = 32
_SECONDS: Final = 10.0
"""A session whose token was revoked is over after this many seconds at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A session that was just begun: what goes into the cookie, and whose it is."""

    value: str
    name: str
    seconds: float


class Sessions:
    """Begins, verifies and ends sessions.

    Args:
        store: where they are.
        seconds: that each of them lasts at most.
    """

    def __init__(self, store: Database, *, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._tokens = StaticTokens(store)

    def begin_with_token(self, token: str) -> Begun:
        """A session of whoever bears a static token.

        Errors: Unauthenticated, NotAllowed (a node's token); TryAgain and NotReady.
        """
        if not token.startswith(PREFIX) or not token.isascii():
            raise Unauthenticated(
                f"that is not a token: one begins with {PREFIX}",
                hint="Ask an administrator for one: `rowhouse token create`.",
            )
        bearer = self._tokens.verify(token).caller
        if bearer.role == "node":
            raise NotAllowed(
                f'"{bearer.name}" is a node\'s token, and the pages are for people',
                hint="Take a token with the role viewer, operator or admin.",
            )
        value = _new_value()
        sessions.begin_with_token(
            self._store, digest(value), token=digest(token), seconds=self._seconds
        )
        return Begun(value=value, name=bearer.name, seconds=self._seconds)

    def begin_as(self, name: str, role: PersonRole) -> Begun:
        """A session of somebody whom an OpenID Connect provider has named. Raises TryAgain, NotReady."""
        value = _new_value()
        sessions.begin_as(self._store, digest(value), name=name, role=role, seconds=self._seconds)
        return Begun(value=value, name=name, seconds=self._seconds)

    def verify(self, value: str) -> Verified:
        """Whose session a cookie stands for.

        Errors: Unauthenticated; TryAgain and NotReady when the database cannot tell.
        """
        bearer = sessions.find(self._store, digest(value))
        if bearer is None:
            raise Unauthenticated("the session is over", hint="Log in again.")
        caller = Caller(name=bearer.name, role=cast("Role", bearer.role))
        return Verified(caller, min(_SECONDS, bearer.seconds_left or 0.0))

    def end(self, value: str) -> None:
        """Ends a session, if it is one. Raises TryAgain, NotReady."""
        sessions.end(self._store, digest(value))


def _new_value() -> str:
    return secrets.token_urlsafe(_RANDOM_BYTES)
