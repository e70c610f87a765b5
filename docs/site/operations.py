"""The reference of the REST API as Markdown, from its OpenAPI document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
# The keys of the least and the most, and their unit.
_LIMITS: Final = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
    ("minProperties", "maxProperties", " keys"),
)


def reference(document: Json) -> str:
    """Two sections: the operations by tag, then the schemas they name."""
    parts = ["## Every operation", "Generated from [openapi.json](openapi.json)."]
    for tag in document["tags"]:
        parts.append(f"### Operations on {tag['name']}")
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if tag["name"] in operation["tags"]:
                    parts += _operation(document, f"{method.upper()} {path}", operation)
    parts.append("## Schemas")
    for name, schema in document["components"]["schemas"].items():
        parts += _schema(name, schema)
    return "\n\n".join(parts) + "\n"


def _operation(document: Json, title: str, operation: Json) -> list[str]:
    parts = [f"#### `{title}`", f"{operation['summary']} {operation['description']}"]
    if operation["parameters"]:
        rows = [
            (f"`{one['name']}`", one["in"], _type(one["schema"]), _about(one, one["schema"]))
            for one in operation["parameters"]
        ]
        parts.append(_table(("parameter", "in", "type", ""), rows))
    if "requestBody" in operation:
        parts.append(f"Body: {_content(operation['requestBody'])}.")
    rows = []
    for status, response in operation["responses"].items():
        if "$ref" in response:
            response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]  # noqa: PLW2901
        headers = ", ".join(f"`{name}`" for name in response.get("headers", {}))
        rows.append((status, response["description"], _content(response), headers))
    parts.append(_table(("status", "", "body", "headers"), rows))
    return parts


def _schema(name: str, schema: Json) -> list[str]:
    parts = [f"### {name}"]
    if "description" in schema:
        parts.append(schema["description"])
    if "properties" not in schema:
        return [*parts, "; ".join(filter(None, (_type(schema), _about({}, schema)))) + "."]
    required = schema.get("required", [])
    rows = [
        (f"`{field}`", _type(about), "yes" if field in required else "", _about(about, about))
        for field, about in schema.get("properties", {}).items()
    ]
    return [*parts, _table(("field", "type", "required", ""), rows)]


def _content(message: Json) -> str:
    """The schema of a body, linked."""
    return ", ".join(_type(one["schema"]) for one in message.get("content", {}).values())


def _type(schema: Json) -> str:
    """A schema in a few words: `array of [Pool](#pool)`, `string (date-time) or null`."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SCHEMAS)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _about(told: Json, schema: Json) -> str:
    """A description with the default, the limits and an example."""
    parts = [told.get("description") or schema.get("description") or ""]
    if schema.get("default") is not None:
        parts.append(f"default `{_json(schema['default'])}`")
    parts += [_limit(schema.get(least), schema.get(most), unit) for least, most, unit in _LIMITS]
    if "exclusiveMinimum" in schema:
        parts.append(f"more than {schema['exclusiveMinimum']}")
    parts += [f"for example `{value}`" for value in schema.get("examples", [])[:1]]
    return "; ".join(part for part in parts if part)


def _limit(least: object, most: object, unit: str) -> str:
    if least is None and most is None:
        return ""
    if least is None:
        return f"at most {most}{unit}"
    return f"at least {least}{unit}" if most is None else f"{least} to {most}{unit}"


def _json(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table without its empty columns."""
    kept = [number for number in range(len(head)) if any(row[number] for row in rows)]
    lines = [[head[number] for number in kept], ["---"] * len(kept)]
    lines += [[_cell(row[number]) for number in kept] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
