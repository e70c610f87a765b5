"""Errors as problem documents (RFC 9457). All of them are built here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import structlog
from flask import Response, g, request

from rowhouse.domain.errors import RowhouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.exceptions import HTTPException

PREFIX: Final = "/api/"
MEDIA_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:rowhouse:problem:"

_log = structlog.get_logger(__name__)


def refused(error: RowhouseError) -> Response:
    """Answer a refused request."""
    return _problem(
        error.http_status,
        error.problem_type,
        error.title(),
        error.message,
        {"hint": error.hint, "code": _cni_code(error), **error.members()},
    )


def unserved(error: HTTPException) -> Response | HTTPException:
    """Answer an error from before any view ran: an unknown path, a wrong method.

    Errors outside the API stay as they are.
    """
    if not request.path.startswith(PREFIX):
        return error
    status = error.code or 500
    answer = _problem(
        status,
        error.name.lower().replace(" ", "-").replace("'", ""),
        error.name,
        error.description or error.name,
        {"hint": "docs/reference/api.md lists the operations."},
    )
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer


def failed(error: Exception) -> Response:
    """Answer an unexpected error. The details go to the log, not to the caller."""
    _log.error("api_call_failed", exc_info=error)
    return refused(RowhouseError("internal error", hint="See the server's log."))


def _cni_code(error: RowhouseError) -> int | str:
    """Return the code that a CNI call gets for this error; nothing if CNI has none for it."""
    return "" if error.cni_code == RowhouseError.cni_code else error.cni_code


def _problem(
    status: int, kind: str, title: str, detail: str, members: Mapping[str, object]
) -> Response:
    document = {
        "type": f"{_TYPE}{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": g.get("request_id", ""),
        **{name: value for name, value in members.items() if value != ""},
    }
    body = json.dumps(document, ensure_ascii=False)
    return Response(body, status=status, content_type=MEDIA_TYPE)
