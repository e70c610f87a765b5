"""Where browsers reach us, and whether a page of ours sent a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from rowhouse.domain.errors import NotAllowed

if TYPE_CHECKING:
    from flask import Request

    from rowhouse.auth.access import AccessSettings

_OWN: Final = {"same-origin", "none"}


def is_secure(request: Request, access: AccessSettings) -> bool:
    """Whether the browser came over https: to us, or to a proxy that ends it in front of us."""
    return request.is_secure or access.public_url.startswith("https://")


def refuse_foreign_page(request: Request, access: AccessSettings) -> None:
    """Refuse what a page of somebody else made a browser send.

    Browsers say who sends: `Sec-Fetch-Site` (Fetch Metadata), older ones `Origin` (RFC 6454). One that says
    nothing is not believed either.

    Errors: NotAllowed.
    """
    said = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if said in _OWN:
        return  # by the URL that the browser knows, whatever a proxy makes of host and scheme
    if said is not None or origin is None:
        raise _refusal(origin)
    sender = urlsplit(origin)
    own = {(request.scheme, request.host)}
    if access.public_url:
        public = urlsplit(access.public_url)
        own.add((public.scheme, public.netloc))
    elif not request.is_secure:
        own.add(("https", request.host))  # behind a proxy that ends TLS
    if (sender.scheme, sender.netloc) not in own:
        raise _refusal(origin)


def _refusal(origin: str | None) -> NotAllowed:
    return NotAllowed(
        f"the request was sent by another site: {origin}"
        if origin
        else "the request does not say which page sent it",
        hint="Open the page here, and send its form again. Behind a proxy set ROWHOUSE_PUBLIC_URL.",
    )
