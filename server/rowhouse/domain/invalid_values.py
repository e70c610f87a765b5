"""What is wrong with a value, and what to write instead: pydantic's own texts are for programmers.

`SENTENCES` has every type of error that a model of ours can raise; tests/api/test_invalid_values.py finds them in the
models. Another kind of field may need another line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rowhouse.domain.echo import shown
from rowhouse.domain.names import LABEL, LABEL_KEY, LINE, TEXT, TRIMMED, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

SENTENCES: Final = {
    "missing": "a value is required",
    "extra_forbidden": "unknown field: remove it, or check its spelling",
    "invalid_key": "{value} is not a key: keys are strings",
    "model_type": "{value} is not an object",
    "model_attributes_type": "{value} is not an object",
    "dict_type": "{value} is not an object",
    "list_type": "{value} is not a list",
    "tuple_type": "{value} is not a list",
    "frozen_set_type": "{value} is not a list",
    "is_instance_of": "{value} is not valid here",
    "string_type": "{value} is not a string",
    "string_unicode": "it is not valid UTF-8",
    "string_too_short": "it must not be empty",
    "string_too_long": "it has {size:,} characters, and at most {max_length:,} are allowed",
    "bool_type": "{value} is neither true nor false",
    "bool_parsing": "{value} is neither true nor false",
    "int_type": "{value} is not a whole number",
    "int_parsing": "{value} is not a whole number",
    "int_parsing_size": "{value} has too many digits",
    "int_from_float": "{value} is not a whole number",
    "float_type": "{value} is not a number",
    "float_parsing": "{value} is not a number",
    "finite_number": "{value} is not a finite number",
    "greater_than": "{value} is too small: it must be more than {gt}",
    "greater_than_equal": "{value} is too small: the minimum is {ge}",
    "less_than": "{value} is too large: it must be less than {lt}",
    "less_than_equal": "{value} is too large: the maximum is {le}",
    "too_short": "it has {size:,} entries, and at least {min_length:,} are required",
    "too_long": "it has {size:,} entries, and at most {max_length:,} are allowed",
    "literal_error": "{value} is not one of {expected}",
    "datetime_type": "{value} is not a date and time as in RFC 3339, such as 2026-03-01T09:30:00Z",
    "datetime_parsing": "{value} is not a date and time as in RFC 3339, such as 2026-03-01T09:30:00Z",
    "datetime_object_invalid": "{value} is not a date and time that can be stored",
    "value_error": "{error}",
    "assertion_error": "{error}",
}
"""Sentences by pydantic's type of the error, with the fields of its context, the `value` and its `size`."""

PATTERNS: Final = {
    LINE: "it contains a control character or a line break: write one line of text",
    TRIMMED: "{value} is not a name: write one line that neither begins nor ends with a space",
    TEXT: "it contains a control character: remove it",
    LABEL: "{value} is not KEY=VALUE",
    LABEL_KEY: "{value} is not the key of a label: it contains = or a control character",
    VERSION: "{value} is not a version: use letters, digits and . + - _",
}
"""Sentences by the pattern that the value does not match."""


def explained(error: Mapping[str, Any]) -> str:
    """Return the sentence for one of `ValidationError.errors()`, without the name of the field."""
    value, context = error["input"], error.get("ctx", {})
    form = PATTERNS.get(context.get("pattern")) or SENTENCES.get(error["type"])
    if form is None:
        return f"{shown(value)} is not valid"
    size = len(value) if isinstance(value, (str, bytes, list, dict)) else 0
    expected = str(context.get("expected", "")).replace("'", '"')
    limits = {name: _whole(limit) for name, limit in context.items()}
    return form.format(
        **{**limits, "value": shown(_whole(value)), "size": size, "expected": expected}
    )


def _whole(value: Any) -> Any:
    """Return 0 for 0.0: a limit of seconds is a float, and a reader writes it without a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
