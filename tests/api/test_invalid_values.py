"""What is wrong with a value is said in our own words, for every kind of error that a model can raise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from pydantic import BaseModel, ValidationError

from rowhouse.api.fields import Rehearsed, Request
from rowhouse.api.operations import OPERATIONS
from rowhouse.auth.clusters import TrustedCluster
from rowhouse.cni import report
from rowhouse.domain.echo import MAX_SHOWN
from rowhouse.domain.invalid_values import PATTERNS, SENTENCES, explained
from rowhouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.conftest import Api

REQUESTS: Final = sorted(
    {kind for one in OPERATIONS for kind in (one.query, one.body) if kind} | {Rehearsed},
    key=lambda kind: kind.__name__,
)
MODELS: Final[list[type[BaseModel]]] = [*REQUESTS, Settings, TrustedCluster, report._Document]

NUMBER: Final = {
    "gt": "greater_than",
    "ge": "greater_than_equal",
    "lt": "less_than",
    "le": "less_than_equal",
}
LENGTH: Final = {"min_length": "too_short", "max_length": "too_long"}
# Kind of a schema → errors that each of them raises, and those of its constraints.
RAISED: Final[dict[str, tuple[set[str], dict[str, str]]]] = {
    "any": (set(), {}),
    "bool": ({"bool_type", "bool_parsing"}, {}),
    "chain": (set(), {}),
    "datetime": ({"datetime_type", "datetime_parsing", "datetime_object_invalid"}, {}),
    "default": (set(), {}),
    "dict": ({"dict_type"}, LENGTH),
    "float": ({"float_type", "float_parsing", "finite_number"}, NUMBER),
    "function-after": ({"value_error", "assertion_error"}, {}),
    "function-before": ({"value_error", "assertion_error"}, {}),
    "frozenset": ({"frozen_set_type"}, LENGTH),
    "function-plain": ({"value_error", "assertion_error"}, {}),
    "function-wrap": ({"value_error", "assertion_error"}, {}),
    "int": (
        {"int_type", "int_parsing", "int_parsing_size", "int_from_float", "finite_number"},
        NUMBER,
    ),
    "is-instance": ({"is_instance_of"}, {}),
    "json-or-python": (set(), {}),
    "lax-or-strict": (set(), {}),
    "list": ({"list_type"}, LENGTH),
    "literal": ({"literal_error"}, {}),
    "model": ({"model_type", "model_attributes_type"}, {}),
    "model-field": ({"missing"}, {}),
    "model-fields": ({"extra_forbidden", "invalid_key", "missing"}, {}),
    "nullable": (set(), {}),
    "str": (
        {"string_type", "string_unicode"},
        {
            "min_length": "string_too_short",
            "max_length": "string_too_long",
            "pattern": "string_pattern_mismatch",
        },
    ),
    "union": (set(), {}),
    "tuple": ({"tuple_type", "missing"}, LENGTH),
}
BAD: Final[tuple[Any, ...]] = (
    None, True, 1, -1, 1.5, 1e300, float("nan"), float("inf"), 10**400, "", " ", "\0", "x\ny", "x" * 5000,
    "2026-02-30T00:00:00Z", "1", "true", "10.0.0.0/33", "KEY=", [], ["x", "x"], [None], {}, {"": ""}, {"x" * 400: "y"},
    {str(number): "" for number in range(99)},
)  # fmt: skip


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of a core schema that validates something."""
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str):
            yield schema
        for key, value in schema.items():
            if key not in {"serialization", "metadata"}:
                yield from parts(value)
    elif isinstance(schema, (list, tuple)):
        for one in schema:
            yield from parts(one)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_error_that_a_model_can_raise_has_a_sentence(model: type[BaseModel]) -> None:
    found = [
        part
        for part in parts(model.__pydantic_core_schema__)
        if part["type"] not in {"no-info", "with-info"}
    ]
    assert len(found) > 1
    for part in found:
        always, constraints = RAISED[part["type"]]
        raised = always | {
            error for name, error in constraints.items() if part.get(name) is not None
        }
        if "pattern" in part:
            assert part["pattern"] in PATTERNS, part
            raised.remove("string_pattern_mismatch")
        assert raised <= SENTENCES.keys(), part


@pytest.mark.parametrize("model", REQUESTS, ids=lambda model: model.__name__)
def test_no_text_of_pydantic_reaches_a_caller(model: type[Request]) -> None:
    given = [{name: value} for name in model.model_fields for value in BAD]
    for values in [*given, {"unknown": 1}, 7, "text", [1]]:
        for strings in (False, True):
            for error in errors(model, values, strings=strings):
                sentence = explained(error)
                said = error["msg"].removeprefix("Value error, ")
                assert sentence != said or error["type"] == "value_error", error
                assert not sentence.startswith(("Input ", "String ", "Value ")), error
                assert "\n" not in sentence
                assert len(sentence) < 3 * MAX_SHOWN + 200, error


def errors(model: type[Request], values: Any, *, strings: bool) -> list[Any]:
    try:
        (model.model_validate_strings if strings else model.model_validate)(values)
    except ValidationError as error:
        return error.errors()
    except (TypeError, AttributeError):  # strings must be in a mapping
        assert strings
    return []


def test_an_unusual_error_is_a_sentence_too() -> None:
    assert (
        explained({"type": "new", "input": "x" * 99})
        == f'"{"x" * MAX_SHOWN}…" (99 characters) is not valid'
    )


def test_the_answer_names_the_field_the_value_and_the_limit(api: Api) -> None:
    wrong = {"cidr": "10.0.0.0/24", "description": "x" * 5000, "reuse_delay": "soon", "colour": 1}
    problem = api.refused(422, "POST", "pools", wrong)
    assert problem["errors"] == [
        {"pointer": "/reuse_delay", "detail": '"soon" is not a number'},
        {
            "pointer": "/description",
            "detail": "it has 5,000 characters, and at most 4,096 are allowed",
        },
        {"pointer": "/colour", "detail": "unknown field: remove it, or check its spelling"},
    ]
    assert problem["detail"] == '/reuse_delay: "soon" is not a number'


def test_a_name_that_is_too_long_is_not_repeated(api: Api) -> None:
    unknown = api.refused(422, "GET", "pools?" + "&".join(f"{n}{'x' * 99}=1" for n in range(30)))
    assert len(unknown["errors"]) == 20
    long = api.refused(422, "GET", f"pools?{'x' * 900}=1")
    assert len(long["detail"]) < 200
    assert '"' + "x" * 60 in api.refused(404, "GET", f"reservations?pool={'x' * 250}")["detail"]
    problem = api.refused(422, "POST", "pools", {"cidr": "10.0.0.0/24", "name": "x" * 300})
    assert "(300 characters) is not a valid pool name" in problem["detail"]
    assert len(problem["detail"]) < 300
