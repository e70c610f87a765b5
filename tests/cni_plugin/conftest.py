"""Fixtures of the plugin's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cni_plugin.node import PACKAGES, Node

if TYPE_CHECKING:
    from pathlib import Path


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
