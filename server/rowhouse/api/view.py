"""The blueprint: one Flask route per operation of the table, and /openapi.json."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter

from rowhouse.api import problems
from rowhouse.api.calls import Call, begin, read_body, read_dry_run, read_query
from rowhouse.api.fields import MAX_ID
from rowhouse.api.idempotency import once, read_key
from rowhouse.api.openapi import document_text
from rowhouse.api.operation import BASE
from rowhouse.api.operations import OPERATIONS
from rowhouse.auth.caller import require_role, require_writer
from rowhouse.auth.guard import least_role
from rowhouse.domain.errors import RowhouseError
from rowhouse.store.connection.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.sansio.blueprints import BlueprintSetupState

    from rowhouse.api.operation import Operation

DRY_RUN: Final = "Dry-Run"
"""The header of a response to a dry run."""

blueprint = Blueprint("api", __name__)


class _Id(IntegerConverter):
    """The id of a row. An id that no row can have gives 404."""

    def __init__(self, url_map: Any) -> None:
        super().__init__(url_map, min=1, max=MAX_ID)


def _serve(operation: Operation, path: dict[str, Any]) -> Response:
    """Serve one request: check access, validate, and run it once."""
    caller = require_role(operation.role)
    if operation.method != "GET" and not operation.is_personal:
        require_writer()
    given: dict[str, Any] = {
        name: value
        for name, value in (
            ("query", read_query(operation.query, is_change=operation.is_change)),
            ("body", read_body(operation.body)),
        )
        if value is not None
    }

    def serve(call: Call) -> Response:
        return operation.view(call, **path, **given).response(operation.status)

    call = begin(caller)
    # A dry run stores no answer, but refuses what the change would refuse.
    key = read_key() if operation.method == "POST" else None
    if operation.is_change and read_dry_run():
        with rehearse(call.store) as store:
            response = serve(replace(call, store=store))
        response.headers[DRY_RUN] = "true"
        return response
    response = once(call, key, serve)
    if operation.method == "GET":
        response.make_conditional(request)
    return response


def _view(operation: Operation) -> Callable[..., Response]:
    def view(**path: Any) -> Response:
        return _serve(operation, path)

    return least_role(operation.role)(view)


@blueprint.get("/openapi.json", provide_automatic_options=False)
@least_role(None)
def openapi() -> Response:
    """The OpenAPI document of this API."""
    return Response(document_text(), content_type="application/json")


@blueprint.record_once
def _routes(state: BlueprintSetupState) -> None:
    state.app.url_map.converters.setdefault("id", _Id)
    for operation in OPERATIONS:
        state.add_url_rule(
            BASE + operation.path,
            operation.name,
            _view(operation),
            methods=[operation.method],
            provide_automatic_options=False,
        )


blueprint.register_error_handler(RowhouseError, problems.refused)
blueprint.register_error_handler(HTTPException, problems.unserved)
blueprint.register_error_handler(Exception, problems.failed)
# Also for errors from before any view ran: an unknown path, a wrong method, a refused caller.
blueprint.app_errorhandler(HTTPException)(problems.unserved)
blueprint.app_errorhandler(RowhouseError)(problems.refused)
