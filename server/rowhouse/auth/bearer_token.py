"""The token that a request carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.domain.errors import NotAllowed, Unauthenticated

if TYPE_CHECKING:
    from flask import Request

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MAX_TOKEN_CHARACTERS: Final = 16_384
_SEND_ONE: Final = (
    "Send `Authorization: Bearer` and a token. The plugin reads it from `token_file` in its settings,"
    " the command line from ROWHOUSE_TOKEN_FILE (--token-file) or ROWHOUSE_TOKEN."
)


def no_token() -> Unauthenticated:
    """The hint for a request without a token."""
    return Unauthenticated("the request has no token", hint=_SEND_ONE)


def bearer_token(request: Request) -> str:
    """Return the token of `Authorization: Bearer`.

    A browser sends it as the password of `Authorization: Basic`, with any user name. It does so
    even for requests caused by foreign pages, so Basic authentication only allows reading.

    Errors: Unauthenticated, NotAllowed.
    """
    if "Authorization" not in request.headers:
        raise no_token()
    authorization = request.authorization
    if authorization is None:
        raise Unauthenticated("the header Authorization cannot be read", hint=_SEND_ONE)
    if authorization.type == "bearer":
        token = authorization.token
    elif authorization.type == "basic":
        if request.method not in SAFE_METHODS:
            raise NotAllowed(
                "Basic authentication only allows reading", hint="Send `Authorization: Bearer`."
            )
        token = authorization.password
    else:
        raise Unauthenticated(
            "the header Authorization uses an unknown scheme",
            hint=_SEND_ONE,
        )
    if not token or not token.isascii() or len(token) > _MAX_TOKEN_CHARACTERS:
        raise Unauthenticated("the header Authorization contains no token", hint=_SEND_ONE)
    return token
