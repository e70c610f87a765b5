"""The documentation site has every page and every operation of the API. `make docs` builds it, and checks its links."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def module(name: str) -> Any:
    """A module of docs/site, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/site/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_every_page_is_in_the_table_of_contents_once() -> None:
    listed = module("contents").sections((ROOT / "docs/README.md").read_text())
    assert [title for title, _ in listed] == [
        "Tutorial",
        "How-to guides",
        "Reference",
        "Explanation",
        "Project",
    ]
    pages = [page for _, section in listed for page in section]
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("charts/*/README.md")]
    there = {file.relative_to(ROOT).as_posix() for file in files}
    assert sorted(pages) == sorted(there - {"README.md", "docs/README.md"})


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "docs/reference/openapi.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def reference(document: dict[str, Any]) -> str:
    text: str = module("operations").reference(document)
    return text


def test_every_operation_has_its_section(document: dict[str, Any], reference: str) -> None:
    operations = [
        f"{method.upper()} {path}"
        for path in document["paths"]
        for method in document["paths"][path]
    ]
    assert re.findall(r"^#### `(.+)`$", reference, re.MULTILINE) == operations


def test_a_schema_that_is_named_is_described(document: dict[str, Any], reference: str) -> None:
    described = set(re.findall(r"^### (\w+)$", reference, re.MULTILINE))
    assert described == set(document["components"]["schemas"])
    assert {name.lower() for name in described} >= set(re.findall(r"\(#(\w+)\)", reference))


def test_a_field_tells_its_type_its_limits_and_an_example(reference: str) -> None:
    assert (
        "| `limit` | query | integer | Maximum number of items on a page; default `100`; 1 to 1000 |"
        in reference
    )
    assert (
        "| `cidr` | query | string | A CIDR whose host bits are zero; at most 49 characters;"
        in reference
    )
    assert "array of [Pool](#pool)" in reference
