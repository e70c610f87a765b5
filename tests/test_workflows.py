"""The workflows of GitHub, as far as they can be checked without it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows" / name).read_text())["jobs"]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_action_is_pinned_by_its_commit_and_says_its_version(file: Path) -> None:
    uses = re.findall(r"uses: (?!\./)(.+)", file.read_text())
    for one in uses:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+", one), one


def test_an_action_has_one_commit_in_all_workflows() -> None:
    text = "\n".join(file.read_text() for file in FILES)
    pins = set(re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40}) # (v\S+)", text))
    assert len({action for action, _, _ in pins}) == len(pins)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_workflow_may_only_read_and_ends(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert "uses" in job or job["timeout-minutes"] <= 120, name


def test_the_matrix_has_every_supported_python_and_postgresql() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    classified = re.findall(r"Python :: (3\.[0-9]+)", "\n".join(project["classifiers"]))
    assert jobs("ci.yml")["tests"]["strategy"]["matrix"]["python"] == classified
    versions = jobs("ci.yml")["postgresql"]["strategy"]["matrix"]["postgresql"]
    assert versions == ["15", "16", "17", "18"]
    assert f"PostgreSQL {versions[0]} to {versions[-1]}" in (ROOT / "README.md").read_text()


def test_a_run_step_takes_no_text_of_others() -> None:
    """An expression in a script is code to the shell: it comes through `env`."""
    for file in FILES:
        for name, job in yaml.safe_load(file.read_text())["jobs"].items():
            for step in job.get("steps", []):
                assert "${{" not in step.get("run", ""), (file.name, name)


def test_each_target_of_make_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for file in FILES:
        for target in re.findall(r"\bmake ([a-z-]+)", file.read_text()):
            assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_they_fit_the_schema() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows"]
    command += [str(file) for file in FILES]
    subprocess.run(command, check=True, capture_output=True)


def test_zizmor_finds_nothing() -> None:
    command = [str(BIN / "zizmor"), "--offline", "--no-progress", "--quiet", str(ROOT / ".github")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
