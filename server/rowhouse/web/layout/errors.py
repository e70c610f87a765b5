"""Every error as a page: what happened, and what to do."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from rowhouse.domain.errors import RowhouseError
from rowhouse.web.blueprint import blueprint
from rowhouse.web.layout.headers import protect

_log = structlog.get_logger(__name__)
_NOT_FOUND: Final = 404


@blueprint.errorhandler(RowhouseError)
def refused(error: RowhouseError) -> Response:
    """The page for a request that was refused."""
    return _page(error.http_status, error.title(), error.message, error.hint)


@blueprint.errorhandler(HTTPException)
def unserved(error: HTTPException) -> Response:
    """The page for what never came to a view: no such path, another method."""
    if error.code == _NOT_FOUND:
        return _page(404, "There is no such page", request.path, "Look for it with the search.")
    page = _page(error.code or 500, error.name, error.description or "", "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            page.headers[name] = value
    return page


@blueprint.errorhandler(Exception)
def failed(error: Exception) -> Response:
    """The page where something unforeseen went wrong: it goes to the log, not to the reader."""
    _log.error("page_failed", exc_info=error)
    return _page(
        500,
        "Something went wrong here",
        "The page could not be made.",
        f"The log of the server has more, under the request {g.get('request_id', '')}.",
    )


def _page(status: int, title: str, message: str, hint: str) -> Response:
    page = make_response(
        render_template(
            "layout/error.html", status=status, title=title, message=message, hint=hint
        ),
        status,
    )
    return protect(page)
