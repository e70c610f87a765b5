"""CNI over HTTP as an OpenAPI document describes it, and as it does not: schemathesis asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
    from flask import Flask

DOCUMENT = json.loads(Path(__file__).with_name("cni.openapi.json").read_text())


# schemathesis itself does, now and then.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_one_that_the_document_describes(app: Flask, mode: GenerationMode) -> None:
    described = schemathesis.openapi.from_dict(DOCUMENT)
    described.app = app
    operation = described["/cni"]["POST"]

    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=50, suppress_health_check=list(hypothesis.HealthCheck), database=None
    )
    def ask(case: schemathesis.Case[Any]) -> None:
        response = case.call()
        case.validate_response(response, checks=[status_code_conformance, content_type_conformance])
        if response.status_code != 200:
            case.validate_response(response, checks=[response_schema_conformance])
        elif response.content:
            assert json.loads(response.content)["cniVersion"]

    ask()
