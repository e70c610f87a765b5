"""Login with an OpenID Connect provider: the redirect to it and the callback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, redirect, request

from rowhouse.auth.cookie import ATTEMPT
from rowhouse.auth.guard import least_role
from rowhouse.auth.oidc.attempt import SECONDS, Attempt
from rowhouse.auth.oidc.provider import CALLBACK
from rowhouse.auth.origin import is_secure
from rowhouse.domain.errors import NotAllowed, NotFound, Unauthenticated
from rowhouse.web.blueprint import blueprint
from rowhouse.web.layout import errors
from rowhouse.web.session.account import guard
from rowhouse.web.session.login import entered
from rowhouse.web.session.target import local

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from rowhouse.auth.oidc.login import OidcLogin


@blueprint.get("/login/oidc")
@least_role(None)
def to_provider() -> Response:
    """Send the browser to the provider."""
    url, attempt = _oidc().begin(local(request.args.get("next", "/")))
    response = redirect(url, 303)
    ATTEMPT.write(response, attempt.text(), seconds=SECONDS, secure=_secure())
    return response


@blueprint.get(CALLBACK)
@least_role(None)
def from_provider() -> Response:
    """Handle the callback after a login at the provider."""
    oidc = _oidc()
    guard().authentication_failures.check()
    try:
        attempt = Attempt.read(ATTEMPT.read(request, secure=_secure()))
        response = entered(oidc.finish(attempt, request.args), attempt.target)
    except (Unauthenticated, NotAllowed) as error:
        guard().authentication_failures.count(error)
        # No redirect to the form: a provider with its own session would cause a redirect loop.
        response = errors.refused(error)
    ATTEMPT.remove(response, secure=_secure())
    return response


def _oidc() -> OidcLogin:
    found = guard().oidc
    if found is None:
        raise NotFound(
            "no OpenID Connect provider is configured",
            hint="Set ROWHOUSE_OIDC_ISSUER, or log in with a token.",
        )
    return found


def _secure() -> bool:
    return is_secure(request, current_app.extensions["rowhouse"].settings)
