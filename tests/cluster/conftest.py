"""Fixtures of the cluster suite's own tests; those of its plays are in plays/conftest.py."""

from __future__ import annotations

import pytest

from chart.helm import Helm, extract


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(extract(tmp_path_factory))
