"""Where somebody goes after the login: a path of ours, whatever the link says."""

from __future__ import annotations

from urllib.parse import urlsplit


def local(target: str) -> str:
    r"""The path and query, if it is one here; else the overview.

    A browser reads `//host`, `/\host` and what holds control characters as another host's URL (WHATWG URL).
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
