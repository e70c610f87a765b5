"""Fixtures of the node daemon's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from node.host import Host

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)
