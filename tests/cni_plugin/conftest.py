"""Fixtures of the plugin's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cni_plugin.node import Node

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with settings, a token and a spool of its own."""
    return Node(tmp_path)
