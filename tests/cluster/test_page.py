"""docs/how-to/try-in-a-cluster.md and the workflow name what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/try-in-a-cluster.md").read_text()
SOURCE = (ROOT / "tests/cluster/settings.py").read_text()
VARIABLES = set(re.findall(r"given\.(?:text|file|choice|is_yes|number)\(\"([A-Z_]+)\"", SOURCE))


def test_the_page_has_every_variable_and_no_other() -> None:
    table = PAGE.partition("## Options")[2].partition("## Afterwards")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)} == VARIABLES
    assert "KUBECONFIG" in VARIABLES


def test_the_page_has_every_play() -> None:
    plays = {
        path.stem.removeprefix("play_") for path in (ROOT / "tests/cluster/plays").glob("play_*")
    }
    assert set(re.findall(r"^\| `(\d\d_\w+)` ", PAGE, re.MULTILINE)) == plays


def test_the_workflow_says_what_the_suite_reads() -> None:
    text = (ROOT / ".github/workflows/cluster.yml").read_text()
    workflow: dict[str, Any] = yaml.safe_load(text)
    (job,) = workflow["jobs"].values()
    (play,) = [one for one in job["steps"] if "make cluster-test" in one.get("run", "")]
    assert play["env"] == {"CI": "true"}
    assert set(re.findall(r"\b([A-Z_]+)=", play["run"])) <= VARIABLES
    assert workflow["env"]["IMAGE"]
    for one in job["steps"]:
        if uses := one.get("uses"):
            assert re.fullmatch(r"[\w/-]+@(v\d+(\.\d+)*|[0-9a-f]{40})", uses), uses


@pytest.mark.parametrize("target", ["cluster-test", "cluster-clean"])
def test_the_targets_are_there(target: str) -> None:
    assert re.search(rf"^{target}: dev ## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
