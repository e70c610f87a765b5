"""Logout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from flask import current_app, g, redirect, request, url_for

from rowhouse.auth.cookie import SESSION
from rowhouse.auth.guard import least_role
from rowhouse.auth.origin import is_secure
from rowhouse.web.blueprint import blueprint
from rowhouse.web.session.account import guard

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

_log = structlog.get_logger(__name__)


@blueprint.post("/logout")
@least_role("team")
def log_out() -> Response:
    """End the current session."""
    response = redirect(url_for("web.login"), 303)
    if "session" in g:
        guard().end_session(g.session)
        secure = is_secure(request, current_app.extensions["rowhouse"].settings)
        SESSION.remove(response, secure=secure)
        # Clear cached pages too: other people may use the same machine.
        response.headers["Clear-Site-Data"] = '"cache"'
        _log.info("logged_out", name=g.caller.name)
    return response
