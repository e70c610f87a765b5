"""The page to open after login: always a path of this server."""

from __future__ import annotations

from urllib.parse import urlsplit


def local(target: str) -> str:
    r"""Return the path and query if they are on this server, else the overview.

    A browser reads `//host`, `/\host` and paths with control characters as URLs of other hosts (WHATWG URL).
    """
    if not target.startswith("/") or target[1:2] in {"/", "\\"} or not target.isprintable():
        return "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path.startswith("/login"):
        return "/"
    return target
