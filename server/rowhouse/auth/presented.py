"""The token that a request carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.domain.errors import NotAllowed, Unauthenticated

if TYPE_CHECKING:
    from flask import Request

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST: Final = 16_384


def presented_token(request: Request) -> str:
    """The token of `Authorization: Bearer`.

    A browser sends it as the password of `Authorization: Basic`, whatever the user's name. It does
    so for every page that makes it send a request here, so that counts for reading only.

    Errors: Unauthenticated, NotAllowed.
    """
    if "Authorization" not in request.headers:
        raise Unauthenticated(
            "the request carries no token", hint="Send `Authorization: Bearer` and a token."
        )
    authorization = request.authorization
    if authorization is None:
        raise Unauthenticated("the header Authorization can not be read")
    if authorization.type == "bearer":
        token = authorization.token
    elif authorization.type == "basic":
        if request.method not in READING:
            raise NotAllowed(
                "a password is good for reading only", hint="Send `Authorization: Bearer`."
            )
        token = authorization.password
    else:
        raise Unauthenticated(
            "the header Authorization is of a kind that is not known",
            hint="Send `Authorization: Bearer` and a token.",
        )
    if not token or not token.isascii() or len(token) > _LONGEST:
        raise Unauthenticated("the header Authorization holds no token")
    return token
