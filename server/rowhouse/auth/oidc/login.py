"""The two steps of a login with the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.auth.oidc.attempt import Attempt
from rowhouse.auth.oidc.people import person
from rowhouse.auth.oidc.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowhouse.auth.access import AccessSettings
    from rowhouse.auth.sessions import Begun, Sessions


class OidcLogin:
    """Logs in users of the provider.

    Args:
        access: the settings, which name a provider.
        sessions: begins sessions.
    """

    def __init__(self, access: AccessSettings, sessions: Sessions) -> None:
        self._access = access
        self._sessions = sessions
        self._provider = Provider(access)

    @property
    def issuer(self) -> str:
        """The provider's URL."""
        return self._provider.issuer

    def begin(self, target: str) -> tuple[str, Attempt]:
        """Return the URL for the browser, and the attempt that it must keep. Raises TryAgain."""
        attempt = Attempt.new(target)
        return self._provider.login_url(attempt), attempt

    def finish(self, attempt: Attempt, answer: Mapping[str, str]) -> Begun:
        """Begin the session of a user who returns from the provider.

        Errors: Unauthenticated, NotAllowed; TryAgain and NotReady.
        """
        return self._sessions.begin_as(person(self._access, self._provider.claims(attempt, answer)))
