"""The cookies of the pages: how they are named, and with which flags they are set.

With TLS their names begin with `__Host-` (RFC 6265bis, section 4.1.3.2): a browser then takes them only from this
very host, over https, for all of its paths, so that no other host of the domain can plant one.
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
    """A cookie that only we can read. Links from elsewhere bring it (SameSite=Lax), forms from elsewhere do not."""

    name: str

    def read(self, request: Request, *, secure: bool) -> str:
        """Its value; "" if there is none."""
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
        """Take it back."""
        response.delete_cookie(
            self._name(secure=secure), path="/", secure=secure, httponly=True, samesite="Lax"
        )

    def _name(self, *, secure: bool) -> str:
        return f"{_PREFIX}{self.name}" if secure else self.name


SESSION: Final = Cookie("rowhouse-session")
"""Whoever has logged in."""

VISIT: Final = Cookie("rowhouse-visit")
"""A browser without a session: what its forms are bound to."""

ATTEMPT: Final = Cookie("rowhouse-attempt")
"""A login at an OpenID Connect provider that is under way."""
