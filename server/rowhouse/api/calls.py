"""Convert Flask requests to the arguments of views, and their results to responses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flask import Response, current_app, g, request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from rowhouse.api.fields import Rehearsed, Request
from rowhouse.domain.administration import Actor
from rowhouse.domain.errors import InvalidRequest
from rowhouse.domain.invalid_values import explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rowhouse.auth.caller import Caller
    from rowhouse.store.connection.database import Database

MAX_BODY: Final = 1024 * 1024
_MAX_ERRORS: Final = 20
_VERSION: Final = re.compile(r"[0-9]{1,10}")

Given = TypeVar("Given", bound=Request)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to a view: its actor, its database and its headers."""

    store: Database
    actor: Actor
    bulk_limit: int
    namespaces: tuple[str, ...] | None = None
    """The namespaces that the caller may see, if it is a team; None: all."""
    idempotency_key: str | None = None
    noted: str | None = None
    """The completed part of an interrupted request with the same Idempotency-Key."""

    @property
    def version(self) -> int | None:
        """The version in If-Match; None: any. A foreign tag counts as version 0, which no object has."""
        tags = request.if_match
        if tags.star_tag or not tags:
            return None
        known = [int(tag) for tag in tags if tag and _VERSION.fullmatch(tag)]
        return known[0] if known else 0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The result of a view: the document (None: no body) and the headers."""

    document: BaseModel | None
    location: str = ""
    version: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def response(self, status: int) -> Response:
        """Convert to a Flask response."""
        body = None if self.document is None else self.document.model_dump_json()
        answer = Response(body, status=status if body is not None else 204)
        answer.headers["Cache-Control"] = "no-cache"
        if body is None:
            del answer.headers["Content-Type"]
        else:
            answer.content_type = "application/json"
        if self.location:
            answer.headers["Location"] = self.location
        if self.version is not None:
            answer.set_etag(str(self.version))
        return answer


def begin(caller: Caller) -> Call:
    """Return the current request as a call by `caller`."""
    rowhouse = current_app.extensions["rowhouse"]
    return Call(
        store=rowhouse.store,
        actor=Actor(name=caller.name, request_id=g.get("request_id", "")),
        bulk_limit=rowhouse.settings.api_bulk_limit,
        namespaces=caller.namespaces,
    )


def read_dry_run() -> bool:
    """Return whether the request asks for a dry run. Raises InvalidRequest."""
    given = {name: request.args[name] for name in Rehearsed.model_fields if name in request.args}
    return read_strings(Rehearsed, given, root="/query").dry_run


def read_query(kind: type[Given] | None, *, is_change: bool = False) -> Given | None:
    """Parse the query string, without the parameters of every change (`Rehearsed`).

    Raises InvalidRequest, also for unknown or repeated parameters.
    """
    values = request.args
    twice = [name for name, given in values.lists() if len(given) > 1]
    if is_change:
        values = MultiDict(
            (name, one) for name, one in values.items() if name not in Rehearsed.model_fields
        )
    known = set() if kind is None else set(kind.model_fields)
    wrong = [(f"/query/{_escaped(name)}", "given more than once") for name in twice]
    wrong += [(f"/query/{_escaped(name)}", "unknown parameter") for name in values.keys() - known]
    if wrong:
        raise _invalid(wrong[:_MAX_ERRORS])
    if kind is None:
        return None
    return read_strings(kind, dict(values.items()), root="/query")


def read_strings(kind: type[Given], values: Mapping[str, Any], *, root: str = "") -> Given:
    """Validate strings from a query or a form. Raises InvalidRequest with a pointer under `root` per error."""
    try:
        return kind.model_validate_strings(values)
    except ValidationError as error:
        raise _invalid(_places(error.errors(), root)) from None


def read_values(kind: type[Given], values: Mapping[str, Any]) -> Given:
    """Validate typed values, including lists. Raises InvalidRequest with a pointer per error."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise _invalid(_places(error.errors(), "")) from None


def read_body(kind: type[Given] | None) -> Given | None:
    """Parse the body. Raises InvalidRequest, BadRequest, UnsupportedMediaType, RequestEntityTooLarge."""
    request.max_content_length = MAX_BODY
    raw = request.get_data(cache=True)
    if kind is None:
        if raw:
            raise _invalid([("", "this request has no body")])
        return None
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("The body must be application/json.")
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        details = error.errors()
        if details[0]["type"] == "json_invalid":
            raise BadRequest(f"The body is not valid JSON: {details[0]['ctx']['error']}.") from None
        raise _invalid(_places(details, "")) from None


def _places(details: Sequence[Mapping[str, Any]], root: str) -> list[tuple[str, str]]:
    return [
        (
            root + "".join(f"/{_escaped(part)}" for part in detail["loc"]),
            explained(detail),
        )
        for detail in details[:_MAX_ERRORS]
    ]


def _escaped(part: Any) -> str:
    """Escape a part of a JSON pointer (RFC 6901)."""
    return str(part)[:100].replace("~", "~0").replace("/", "~1")


def _invalid(wrong: Sequence[tuple[str, str]]) -> InvalidRequest:
    pointer, detail = wrong[0]
    return InvalidRequest(f"{pointer}: {detail}" if pointer else detail, errors=wrong)
