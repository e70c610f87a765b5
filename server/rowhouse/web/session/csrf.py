"""Protect forms against forgery by other sites (CSRF).

A request that is authenticated by a cookie, or not at all, must come from a page of ours: the browser's headers
say so (`refuse_foreign_page`), and the form has a value derived from a cookie that no other site can read.
Requests with `Authorization: Bearer` skip this check, because no page can make a browser send that header.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from flask import current_app, g, request
from markupsafe import Markup

from rowhouse.auth.bearer_token import SAFE_METHODS
from rowhouse.auth.cookie import VISIT
from rowhouse.auth.origin import is_secure, refuse_foreign_page
from rowhouse.domain.errors import NotAllowed
from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from flask import Response

FIELD: Final = "csrf"
MAX_FORM: Final = 256 * 1024
_VISIT_SECONDS: Final = 86_400.0
_PURPOSE: Final = b"rowhouse form"


@blueprint.app_template_global("csrf")
def field() -> Markup:
    """Return the hidden field that every form with side effects needs."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, _expected(_own()))


@blueprint.before_request
def refuse_forged_form() -> None:
    """Raises NotAllowed for a forged form, and for one older than its session or visit."""
    if request.method in SAFE_METHODS or _has_bearer():
        return
    request.max_content_length = MAX_FORM
    settings = current_app.extensions["rowhouse"].settings
    refuse_foreign_page(request, settings)
    given = request.form.get(FIELD, "")
    if not hmac.compare_digest(given.encode(), _expected(_own()).encode()):
        raise NotAllowed(
            "the form belongs to another login or is too old",
            hint="Go back, reload the page and send the form again. The browser must allow cookies.",
        )


@blueprint.after_request
def keep_visit(response: Response) -> Response:
    """Set the cookie that the forms of a browser without a session are bound to."""
    if "new_visit" in g:
        secure = is_secure(request, current_app.extensions["rowhouse"].settings)
        VISIT.write(response, g.new_visit, seconds=_VISIT_SECONDS, secure=secure)
    return response


def _own() -> str:
    """Return the cookie that this browser's forms are bound to: its session, or else its visit."""
    if "session" in g:
        return str(g.session)
    secure = is_secure(request, current_app.extensions["rowhouse"].settings)
    known = VISIT.read(request, secure=secure) or g.get("new_visit", "")
    if not known:
        known = g.new_visit = secrets.token_urlsafe(32)
    return str(known)


def _expected(secret: str) -> str:
    return hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).hexdigest()


def _has_bearer() -> bool:
    return request.authorization is not None and request.authorization.type == "bearer"
