"""The security headers of every page: scripts, assets and forms of other origins are blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from flask import Response

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@blueprint.after_request
def protect(response: Response) -> Response:
    """Set the headers that a view did not set itself."""
    for name, value in (
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        # A page is only valid for its moment and its user.
        ("Cache-Control", "no-store"),
    ):
        response.headers.setdefault(name, value)
    return response
