"""Choose the time zone of the pages. A cookie keeps it, so that teams and viewers can choose too."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import current_app, make_response, redirect, render_template, request

from rowhouse.auth.guard import least_role
from rowhouse.auth.origin import is_secure
from rowhouse.domain.echo import shown
from rowhouse.domain.errors import InvalidRequest
from rowhouse.domain.time_zones import zone_names, zone_of
from rowhouse.web.blueprint import blueprint
from rowhouse.web.layout.zone import COOKIE, SECONDS
from rowhouse.web.session.target import local

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse


@blueprint.get("/time-zone")
@least_role("team")
def time_zone() -> Response:
    """Show the time zones to choose from."""
    return _page(200)


@blueprint.post("/time-zone")
@least_role("team")
def choose_time_zone() -> AnyResponse:
    """Keep the chosen time zone, or ("") return to that of the server."""
    name = request.form.get("name", "").strip()
    if name and zone_of(name) is None:
        return _page(InvalidRequest.http_status, wrong=shown(name))
    response = redirect(local(request.form.get("back", "/")), 303)
    secure = is_secure(request, current_app.extensions["rowhouse"].settings)
    if name:
        COOKIE.write(response, name, seconds=SECONDS, secure=secure)
    else:
        COOKIE.remove(response, secure=secure)
    return response


def _page(status: int, *, wrong: str = "") -> Response:
    rowhouse = current_app.extensions["rowhouse"]
    page = render_template(
        "time_zone/page.html",
        zones=zone_names(),
        usual=rowhouse.settings.time_zone,
        wrong=wrong,
        back=local(request.form.get("back", "")) if request.form else _page_before(),
    )
    return make_response(page, status)


def _page_before() -> str:
    """Return the path of the page from which the user came; of another site, or unknown: the overview."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host:
        return "/"
    return local(f"{parts.path}?{parts.query}" if parts.query else parts.path)
