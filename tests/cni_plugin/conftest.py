"""Fixtures of the plugin's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cni_plugin.node import PACKAGES, Node
from plugin_bundle.launcher import SOURCE, compilers


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with settings, a token and a spool of its own."""
    return Node(tmp_path)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as `make plugin` builds it."""
    target = tmp_path_factory.mktemp("bundle") / "plugin"
    run = subprocess.run(
        [sys.executable, "-m", "plugin_bundle", str(target)],
        env=os.environ | {"PYTHONPATH": str(PACKAGES)},
        capture_output=True,
        text=True,
        check=True,
    )
    if "shell script" in run.stdout:
        pytest.skip("needs a C compiler")
    return target


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The launcher with the sanitizers for memory and undefined behavior, which end it at the first mistake."""
    target = tmp_path_factory.mktemp("sanitized") / "rowhouse"
    flags = "-g -O1 -fno-builtin -fsanitize=address,undefined -fsanitize-undefined-trap-on-error"
    source = Path(__file__).with_name("sanitized.c")
    for compiler in compilers():
        command = [*compiler, *flags.split(), f"-I{SOURCE.parent}", "-o", str(target), str(source)]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return target
    pytest.skip("needs a C compiler with sanitizers")
