"""Every error as a problem document (RFC 9457): the only place where one is written."""

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
    """The answer to a request that was refused."""
    return _problem(
        error.http_status,
        error.problem_type,
        error.title(),
        error.message,
        {"hint": error.hint, "code": error.cni_code, **error.members()},
    )


def unserved(error: HTTPException) -> Response | HTTPException:
    """The answer to what never came to a view of the API: no such path, another method.

    Outside of the API errors stay what they are.
    """
    if not request.path.startswith(PREFIX):
        return error
    status = error.code or 500
    answer = _problem(
        status,
        error.name.lower().replace(" ", "-").replace("'", ""),
        error.name,
        error.description or error.name,
        {"hint": "docs/reference/api.md lists the operations.", "code": RowhouseError.cni_code},
    )
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer


def failed(error: Exception) -> Response:
    """The answer where something unforeseen went wrong: it goes to the log, not to the caller."""
    _log.error("api_call_failed", exc_info=error)
    return refused(RowhouseError("internal error", hint="See the log of the server."))


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
