"""Fixtures of the chart's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chart.helm import Helm, extract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helm]:
    folder: Path = tmp_path_factory.mktemp("helm")
    program = extract(folder)
    yield Helm(program)
    program.unlink()
