"""Fixtures of the agent's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from node.agent.deployed import Deployed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    made = Deployed(tmp_path)
    yield made
    made.kill()
