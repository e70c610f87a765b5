"""Schemas that fields share, each under one name, so that a generated client has one type for each."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from rowhouse.api.explain import AddressState
from rowhouse.api.fields import LabelChanges, Labels
from rowhouse.api.views import TableName
from rowhouse.domain.administration import AnyOwnerKind, OwnerKind
from rowhouse.domain.nodes import NodeState
from rowhouse.domain.reports import By
from rowhouse.domain.requesting import State
from rowhouse.ipam.search import Kind

Json = dict[str, Any]

_TYPES: Final[dict[str, Any]] = {
    "OwnerKind": AnyOwnerKind,
    "NewOwnerKind": OwnerKind,
    "AddressState": AddressState,
    "NodeState": NodeState,
    "RequestState": State,
    "ReportGrouping": By,
    "SearchKind": Kind,
    "TableName": TableName,
    "Labels": dict[str, str],
    "NewLabels": Labels,
    "LabelChanges": LabelChanges,
    "AuditedValues": dict[str, Any],
}
# What belongs to the field and not to its type.
_OF_THE_FIELD: Final = ("title", "description", "default", "examples")


def named_schemas() -> Json:
    """The shared schemas by name."""
    return {name: _exact(TypeAdapter(kind).json_schema()) for name, kind in _TYPES.items()}


def with_references(part: Any, named: Json, prefix: str) -> Any:
    """Replace each copy of a named schema in a part of a document by a reference, which begins with `prefix`."""
    if isinstance(part, list):
        return [with_references(one, named, prefix) for one in part]
    if not isinstance(part, dict):
        return part
    part = _exact(part)
    kind = {key: value for key, value in part.items() if key not in _OF_THE_FIELD}
    for name, schema in named.items():
        if kind == schema:
            own = {key: part[key] for key in ("description", "default") if key in part}
            return {"$ref": prefix + name, **own}
    return {key: with_references(value, named, prefix) for key, value in part.items()}


def _exact(schema: Json) -> Json:
    """Forbid keys that do not match the only pattern, which `patternProperties` alone allows with any value."""
    if "patternProperties" not in schema:
        return schema
    ((pattern, value),) = schema["patternProperties"].items()
    rest = {key: about for key, about in schema.items() if key != "patternProperties"}
    names = {**schema.get("propertyNames", {}), "pattern": pattern}
    return rest | {"propertyNames": names, "additionalProperties": value}
