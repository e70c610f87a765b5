"""The server's public URL, and whether one of its own pages sent a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from rowhouse.domain.errors import NotAllowed

if TYPE_CHECKING:
    from flask import Request

    from rowhouse.auth.access import AccessSettings

_OWN: Final = {"same-origin", "none"}


def is_secure(request: Request, access: AccessSettings) -> bool:
    """Whether the browser uses https, to the server or to a proxy that terminates TLS."""
    return request.is_secure or access.public_url.startswith("https://")


def origin_of(url: str) -> SplitResult:
    """Return the parts of an origin, or of //HOST. They are empty if it is not a URL, so it counts as foreign."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError if it is invalid
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts


def refuse_foreign_page(request: Request, access: AccessSettings) -> None:
    """Refuse a request that a page of another site made the browser send.

    Browsers state the sender in `Sec-Fetch-Site` (Fetch Metadata), older ones in `Origin` (RFC 6454). A request
    with neither header is refused as well.

    Errors: NotAllowed.
    """
    said = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if said in _OWN:
        return  # the URL in the browser, even if a proxy changes host and scheme
    if said is not None or origin is None:
        raise _refusal(origin)
    sender = origin_of(origin)
    own = {(request.scheme, request.host)}
    if access.public_url:
        public = urlsplit(access.public_url)
        own.add((public.scheme, public.netloc))
    elif not request.is_secure:
        own.add(("https", request.host))  # behind a proxy that terminates TLS
    if (sender.scheme, sender.netloc) not in own:
        raise _refusal(origin)


def _refusal(origin: str | None) -> NotAllowed:
    return NotAllowed(
        f"the request was sent by another site: {origin}"
        if origin
        else "the request does not say which page sent it",
        hint="Open the page on this server and send its form again. Behind a proxy, set ROWHOUSE_PUBLIC_URL.",
    )
