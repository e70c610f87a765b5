"""Error pages: what happened, and what to do."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from rowhouse.api import problems
from rowhouse.domain.errors import NotFound, RowhouseError
from rowhouse.web.blueprint import blueprint
from rowhouse.web.layout.headers import protect

_log = structlog.get_logger(__name__)
_NOT_FOUND: Final = 404


@blueprint.before_request
def refuse_nul() -> None:
    """Answer 404 for a name that nothing has: PostgreSQL's text has no NUL, and refuses to compare with one."""
    if "\0" in request.path or "\0" in request.args.get("cluster", ""):
        raise NotFound("nothing has a name with a NUL in it", hint="Use the search to find it.")


@blueprint.errorhandler(RowhouseError)
def refused(error: RowhouseError) -> Response:
    """Show a refused request; to a program that exports a table, as a problem document."""
    if (
        "suffix" in (request.view_args or {})
        and "text/html" not in request.accept_mimetypes.values()
    ):
        return protect(problems.refused(error))
    return _page(error.http_status, error.title(), error.message, error.hint)


@blueprint.errorhandler(HTTPException)
def unserved(error: HTTPException) -> Response:
    """Show an error from before any view ran: an unknown path, a wrong method."""
    if error.code == _NOT_FOUND:
        return _page(404, "Page not found", request.path, "Use the search to find it.")
    page = _page(error.code or 500, error.name, error.description or "", "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            page.headers[name] = value
    return page


@blueprint.errorhandler(Exception)
def failed(error: Exception) -> Response:
    """Show an unexpected error. The details go to the log, not to the page."""
    _log.error("page_failed", exc_info=error)
    return _page(
        500,
        "Internal error",
        "The server could not build this page.",
        f"See the server's log for request {g.get('request_id', '')}.",
    )


def _page(status: int, title: str, message: str, hint: str) -> Response:
    page = make_response(
        render_template(
            "layout/error.html", status=status, title=title, message=message, hint=hint
        ),
        status,
    )
    return protect(page)
