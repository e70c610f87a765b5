"""Login with a token, and the redirect to it for users who are not logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import structlog
from flask import current_app, make_response, redirect, render_template, request, url_for

from rowhouse.auth.bearer_token import SAFE_METHODS
from rowhouse.auth.cookie import SESSION
from rowhouse.auth.guard import least_role
from rowhouse.auth.origin import is_secure
from rowhouse.domain.errors import NotAllowed, TooManyRequests, Unauthenticated
from rowhouse.web.blueprint import blueprint
from rowhouse.web.layout import errors
from rowhouse.web.session.account import guard
from rowhouse.web.session.target import local

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

    from rowhouse.auth.sessions import Begun
    from rowhouse.domain.errors import RowhouseError

_log = structlog.get_logger(__name__)


@blueprint.get("/login")
@least_role(None)
def login() -> AnyResponse:
    """Show the login form."""
    if guard().needs_no_login():
        return redirect(local(request.args.get("next", "/")), 303)
    return _form(200, over="over" in request.args)


@blueprint.post("/login")
@least_role(None)
def log_in() -> AnyResponse:
    """Begin a session."""
    token = request.form.get("token", "").strip()
    try:
        guard().authentication_failures.check()
        begun = guard().sessions.begin_with_token(token)
    except TooManyRequests as error:
        return _form(error.http_status, error)
    except (Unauthenticated, NotAllowed) as error:
        try:
            guard().authentication_failures.count(error)
        except TooManyRequests as enough:
            return _form(enough.http_status, enough)
        return _form(error.http_status, error)
    return entered(begun, request.form.get("next", "/"))


def entered(begun: Begun, target: str) -> AnyResponse:
    """Redirect to the requested page and set the session cookie."""
    _log.info("logged_in", name=begun.name, client_address=request.remote_addr)
    response = redirect(local(target), 303)
    secure = is_secure(request, current_app.extensions["rowhouse"].settings)
    SESSION.write(response, begun.value, seconds=begun.seconds, secure=secure)
    return response


@blueprint.errorhandler(Unauthenticated)
def ask_for_login(error: Unauthenticated) -> AnyResponse:
    """Redirect a browser to the login form; a client with an invalid token gets an error."""
    if "Authorization" in request.headers or "text/html" not in request.accept_mimetypes.values():
        return errors.refused(error)
    settings = current_app.extensions["rowhouse"].settings
    secure = is_secure(request, settings)
    over = bool(SESSION.read(request, secure=secure))
    wanted = request.full_path.rstrip("?") if request.method in SAFE_METHODS else "/"
    query = {"next": wanted} | ({"over": "1"} if over else {})
    where = f"{url_for('web.login')}?{urlencode(query)}"
    if "HX-Request" in request.headers:  # htmx asked for a part, but the whole page must redirect
        response: AnyResponse = make_response("", error.http_status)
        response.headers["HX-Redirect"] = url_for("web.login")
    else:
        response = redirect(where, 303)
    if over:
        SESSION.remove(response, secure=secure)
    return response


def _form(status: int, error: RowhouseError | None = None, *, over: bool = False) -> Response:
    given = request.form if request.method == "POST" else request.args
    oidc = guard().oidc
    return make_response(
        render_template(
            "session/login.html",
            next=local(given.get("next", "/")),
            error=error,
            over=over,
            issuer=oidc.issuer if oidc else "",
        ),
        status,
    )
