"""The OpenAPI 3.1 document, generated from the table of operations."""

from __future__ import annotations

import functools
import json
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import models_json_schema

from rowhouse.api.fields import Rehearsed
from rowhouse.api.idempotency import HEADER, MAX_KEY
from rowhouse.api.named_schemas import named_schemas, with_references
from rowhouse.api.operation import BASE
from rowhouse.api.operations import OPERATIONS
from rowhouse.api.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.json_schema import JsonSchemaMode

    from rowhouse.api.operation import Operation

Json = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
_PATH_PARAMETER: Final = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
_TEXTS: Final = {
    304: "The caller already has this version (If-None-Match)",
    400: "The body is not valid JSON",
    401: "The caller is not authenticated",
    403: "The caller's role does not allow this",
    404: "Not found",
    409: "The current state does not allow this",
    412: "The object has changed since it was read (If-Match)",
    413: "The body is larger than 1 MiB",
    415: "The body is not application/json",
    422: "The request is not valid",
    429: "Too many requests",
    503: "Busy, or the database is unreachable: retry",
}


@functools.cache
def document_text() -> str:
    """The document as text, as served and committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def document() -> Json:
    """The document."""
    schemas = _schemas()
    paths: Json = {}
    for operation in OPERATIONS:
        path = BASE + _PATH_PARAMETER.sub(r"{\g<name>}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, schemas)
    used = {
        name: schema
        for name, schema in schemas.items()
        if not name.endswith(("Query", Rehearsed.__name__))
    }
    named = named_schemas()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rowhouse",
            "version": "1",
            "summary": "IP address management for Kubernetes secondary networks",
            "description": "Times are RFC 3339 in UTC. Errors are problem documents (RFC 9457). Lists are"
            " paged: `next` is the cursor of the next page.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        # The empty requirement: without configured access no token is needed.
        "security": [{"token": []}, {}],
        "tags": [{"name": name} for name in dict.fromkeys(o.tag for o in OPERATIONS)],
        "paths": with_references(paths, named, _SCHEMAS),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": with_references(used, named, _SCHEMAS) | named | _PROBLEMS,
            "responses": {
                "Problem": {
                    "description": "Any other error",
                    "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}},
                }
            },
        },
    }


def _schemas() -> Json:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Rehearsed, "validation")]
    for operation in OPERATIONS:
        models += [(kind, "validation") for kind in (operation.query, operation.body) if kind]
        if operation.answer:
            models.append((operation.answer, "serialization"))
    _, made = models_json_schema(list(dict.fromkeys(models)), ref_template=_SCHEMAS + "{model}")
    schemas: Json = made["$defs"]
    return schemas


def _operation(operation: Operation, schemas: Json) -> Json:
    made: Json = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": (operation.view.__doc__ or "").splitlines()[0],
        "description": f"Requires the role `{operation.role}`.",
        "parameters": _parameters(operation, schemas),
        "responses": _responses(operation),
    }
    if operation.body is not None:
        schema = {"$ref": _SCHEMAS + operation.body.__name__}
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return made


def _parameters(operation: Operation, schemas: Json) -> list[Json]:
    parameters: list[Json] = [
        {
            "name": found["name"],
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
            if found["kind"]
            else {
                "anyOf": [
                    {"type": "string", "format": "ipv4"},
                    {"type": "string", "format": "ipv6"},
                ]
            },
        }
        for found in _PATH_PARAMETER.finditer(operation.path)
    ]
    if operation.query is not None:
        parameters += _query_parameters(schemas[operation.query.__name__])
    if operation.is_change:
        parameters += _query_parameters(schemas[Rehearsed.__name__])
    if operation.method == "POST":
        parameters.append(
            _header(HEADER, "Requests repeated with the same key run only once", MAX_KEY)
        )
    if operation.tagged and operation.method in {"PATCH", "DELETE"}:
        parameters.append(
            _header("If-Match", "The ETag that the object must have; omit it for any", 100)
        )
    return parameters


def _query_parameters(schema: Json) -> list[Json]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            **({"description": about["description"]} if "description" in about else {}),
            "schema": _without_null(about),
        }
        for name, about in schema["properties"].items()
    ]


def _without_null(about: Json) -> Json:
    """Remove null: a query parameter is omitted, never null."""
    schema = {key: value for key, value in about.items() if key not in {"title", "description"}}
    if schema.get("default", 0) is None:
        del schema["default"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= kinds[0]
    return schema


def _header(name: str, about: str, longest: int) -> Json:
    schema = {"type": "string", "minLength": 1, "maxLength": longest, "pattern": "^[\\x20-\\x7e]+$"}
    return {"name": name, "in": "header", "required": False, "description": about, "schema": schema}


def _responses(operation: Operation) -> Json:
    done: Json = {"description": "Done"}
    if operation.answer is not None:
        schema = {"$ref": _SCHEMAS + operation.answer.__name__}
        done["content"] = {"application/json": {"schema": schema}}
    if operation.tagged and operation.answer is not None:
        done["headers"] = {"ETag": {"description": "Its version", "schema": {"type": "string"}}}
    if operation.status == 201:  # noqa: PLR2004 - Created
        done["headers"] = {
            "Location": {"description": "Its path", "schema": {"type": "string"}},
            **done.get("headers", {}),
        }
    statuses = {401, 403, 422, 429, 503, *operation.error_statuses}
    statuses |= {400, 413, 415} if operation.body is not None else set()
    if operation.method == "POST":
        statuses.add(409)
    if operation.tagged and operation.method in {"PATCH", "DELETE"}:
        statuses.add(412)
    problem = {"schema": {"$ref": f"{_SCHEMAS}Problem"}}
    errors: Json = {
        str(status): {"description": _TEXTS[status], "content": {MEDIA_TYPE: problem}}
        for status in sorted(statuses)
    }
    if operation.tagged and operation.method == "GET":
        errors["304"] = {"description": _TEXTS[304]}
    default = {"$ref": "#/components/responses/Problem"}
    return {str(operation.status): done, **dict(sorted(errors.items())), "default": default}


_PROBLEM: Final[Json] = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:rowhouse:problem:[a-z0-9-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string", "description": "What to do"},
        "instance": {"type": "string", "description": "The path of the request"},
        "request_id": {
            "type": "string",
            "description": "The request id, as in the log and the audit log",
        },
        "code": {
            "type": "integer",
            "description": "The CNI error code of the same error; absent if it has none",
        },
        "errors": {
            "type": "array",
            "description": "The invalid values",
            "items": {"$ref": f"{_SCHEMAS}InvalidValue"},
        },
        "in_the_way": {
            "type": "array",
            "description": "The first reservations that block the change",
            "items": {"$ref": f"{_SCHEMAS}BlockingReservation"},
        },
        "total": {"type": "integer", "description": "How many reservations block the change"},
    },
}
_PROBLEMS: Final[Json] = {
    "Problem": _PROBLEM,
    "InvalidValue": {
        "type": "object",
        "description": "A value of a request that is not valid, and why.",
        "required": ["pointer", "detail"],
        "properties": {
            "pointer": {"type": "string", "description": "RFC 6901"},
            "detail": {"type": "string"},
        },
    },
    "BlockingReservation": {
        "type": "object",
        "description": "A reservation that blocks a change.",
        "required": ["address", "owner"],
        "properties": {"address": {"type": "string"}, "owner": {"type": "string"}},
    },
}


if __name__ == "__main__":
    # python -m rowhouse.api.openapi > docs/reference/openapi.json
    sys.stdout.write(document_text())
