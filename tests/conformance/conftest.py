"""The stage on which a case is played."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.play import Stage
from fixtures.calls import OverHttp, ThroughPlugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fixtures.calls import Caller
    from fixtures.wiping import SharedDatabase


@pytest.fixture
def stage(
    shared_database: SharedDatabase,
    url_of: Callable[[str], str],
    plugin: Path,
    tmp_path: Path,
) -> Iterator[Stage]:
    """An empty database, and the means to play a case on it."""
    shared_database.wipe()

    def caller(through: str, server: str) -> Caller:
        url = url_of(server)
        return ThroughPlugin(plugin, url, tmp_path) if through == "plugin" else OverHttp(url)

    yield Stage(database=shared_database, caller=caller, folder=tmp_path)
    assert shared_database.problems() == []
