"""The cookies of the pages: their names and flags.

With TLS their names begin with `__Host-` (RFC 6265bis, section 4.1.3.2): a browser then accepts them only from this
host, over https and for all paths, so that no other host of the domain can set one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flask import Request
    from werkzeug.wrappers import Response

_PREFIX: Final = "__Host-"


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie that scripts cannot read. Links from other sites send it (SameSite=Lax), their forms do not."""

    name: str

    def read(self, request: Request, *, secure: bool) -> str:
        """Return its value; "" if it is not set."""
        return request.cookies.get(self._name(secure=secure), "")

    def write(self, response: Response, value: str, *, seconds: float, secure: bool) -> None:
        """Set it, for `seconds`."""
        response.set_cookie(
            self._name(secure=secure),
            value,
            max_age=int(seconds),
            path="/",
            secure=secure,
            httponly=True,
            samesite="Lax",
        )

    def remove(self, response: Response, *, secure: bool) -> None:
        """Delete it."""
        response.delete_cookie(
            self._name(secure=secure), path="/", secure=secure, httponly=True, samesite="Lax"
        )

    def _name(self, *, secure: bool) -> str:
        return f"{_PREFIX}{self.name}" if secure else self.name


SESSION: Final = Cookie("rowhouse-session")
"""The session of a user who has logged in."""

VISIT: Final = Cookie("rowhouse-visit")
"""The cookie that binds the forms of a browser without a session."""

ATTEMPT: Final = Cookie("rowhouse-attempt")
"""A login with an OpenID Connect provider that is in progress."""
