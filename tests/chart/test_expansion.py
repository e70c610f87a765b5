"""What the kubelet expands reaches the programs as it was meant, and the tests' kubelet expands as the real one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from chart.expansion import command_line, expand, probe_command, resolve
from chart.helm import CASES, CHART

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chart.helm import Helm
    from chart.manifests import Object

KNOWN = {"A": "one", "B": "two", "REFERS": "$(A)", "EMPTY": "", "date +%s": "a name like any other"}


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("$(A)", "one"),
        ("-$(A)-$(B)-", "-one-two-"),
        ("x$(EMPTY)y", "xy"),
        ("$(REFERS)", "$(A)"),
        ("$(date +%s)", "a name like any other"),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$(ls -A $(A))", "$(ls -A $(A))"),
        ("$$", "$"),
        ("$$$", "$$"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$one"),
        ("$$$$(A)", "$$(A)"),
        ("$(A$$B)", "$(A$$B)"),
        ("$A ${A} $? $! $1", "$A ${A} $? $! $1"),
        ("cost: 5$", "cost: 5$"),
        ("$(", "$("),
        ("$(A", "$(A"),
        ("$(A $$", "$(A $"),
        ("$($($(A)", "$($($(A)"),
        ("(A)", "(A)"),
        ("\\$(A)", "\\one"),
        ("two\nlines $(A)\n", "two\nlines one\n"),
    ],
)
def test_references_and_escapes_become_what_the_kubelet_makes_of_them(
    written: str, becomes: str
) -> None:
    assert expand(written, KNOWN) == becomes


def elsewhere(source: Object) -> str:
    return str(source.get("is", source))


def test_a_variable_refers_to_services_and_to_those_before_it() -> None:
    container = {
        "env": [
            {"name": "EARLY", "value": "$(LATE)"},
            {"name": "LATE", "value": "$(SERVICE_PORT)/$(SECRET)"},
            {"name": "SECRET", "valueFrom": {"is": "$$(EARLY)"}},
            {"name": "LAST", "value": "$(LATE) $(SECRET)"},
            {"name": "NOTHING"},
        ]
    }
    found = resolve(container, {"SERVICE_PORT": "tcp://192.0.2.1:1"}, elsewhere)
    assert found == {
        "SERVICE_PORT": "tcp://192.0.2.1:1",
        "EARLY": "$(LATE)",
        "LATE": "tcp://192.0.2.1:1/$(SECRET)",
        "SECRET": "$$(EARLY)",
        "LAST": "tcp://192.0.2.1:1/$(SECRET) $$(EARLY)",
        "NOTHING": "",
    }


def test_a_probe_knows_only_what_the_manifest_says() -> None:
    container = {
        "env": [
            {"name": "PLAIN", "value": "$(A)"},
            {"name": "SECRET", "valueFrom": {"is": "hidden"}},
        ]
    }
    words = ["$(PLAIN)", "[$(SECRET)]", "$(A)", "$$"]
    assert probe_command(container, words) == ["$(A)", "[]", "$(A)", "$"]


HARD = "x$$y$(HOME)z"
# A value of these chooses a database or a provider, which not every case has.
CHOOSING = {"externalDatabase", "oidc"}


def texts(schema: Object, root: Object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the values that the schema leaves free enough for `HARD`; "x" is any key of a map."""
    schema = root["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    allowed = jsonschema.Draft202012Validator(schema | {"$defs": root["$defs"]})
    if allowed.is_valid(HARD):
        yield path
    for name, inner in schema.get("properties", {}).items():
        yield from texts(inner, root, (*path, name))
    is_map = path and "properties" not in schema and schema.get("type") == "object"
    if is_map and allowed.is_valid({"x": HARD}):
        yield (*path, "x")


def everything_hard(case: str) -> Object:
    """The values of a case, and `HARD` wherever the schema allows it."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    text = (CHART / "ci" / case).read_text() if case else "{}"
    values: Object = json.loads(json.dumps(yaml.safe_load(text)))  # without aliases
    for path in texts(schema, schema):
        if path[0] in CHOOSING and path[0] not in values:
            continue
        if path[-1].startswith("oidc_"):
            continue  # the chart has values for these
        place = values
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = HARD
    if "oidc" in values:
        values["oidc"]["roles"] = {HARD: "viewer"}
    return values


@pytest.mark.parametrize("case", CASES)
def test_every_text_of_the_values_reaches_the_programs_as_it_is(
    helm: Helm, case: str, tmp_path: Path
) -> None:
    file = tmp_path / "hard.yaml"
    file.write_text(yaml.safe_dump(everything_hard(case)))
    release = helm.template(case, f"--values={file}")
    found: dict[str, set[str]] = {}
    for pod in release.pods:
        for container in pod.containers:
            variables = resolve(container, {"HOME": "/elsewhere"}, elsewhere)
            for text in (*variables.values(), *command_line(container, variables)):
                # Commas and quotes of JSON, of URLs and of options are around it.
                for word in re.findall(r"x\$.*?z|x(?:%24){1,2}y.*?z|x\$?y.*?z", text):
                    found.setdefault(unquote(word), set()).add(pod.part)
    assert found.keys() == {HARD}
    assert {"server", "node"} <= found[HARD]
