"""Fixtures of the chart's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chart.helm import Helm, extract
from chart.running import QUICK, Running, installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(extract(tmp_path_factory))


@pytest.fixture
def release(helm: Helm, tmp_path: Path) -> Iterator[Running]:
    """The default release whose PostgreSQL runs, and nothing else yet."""
    with installed(helm.template("", *QUICK), tmp_path) as running:
        yield running
