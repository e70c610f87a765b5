"""A machine, a runtime on it, and an empty database behind a real server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e import stand_in
from e2e.machine import Machine, machine
from e2e.runtime import Runtime
from fixtures.capabilities import reference_plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures.wiping import SharedDatabase


@pytest.fixture
def node() -> Iterator[Machine]:
    """Links and namespaces that are gone after the test."""
    with machine() as made:
        yield made


@pytest.fixture
def database(shared_database: SharedDatabase) -> Iterator[SharedDatabase]:
    """An empty database that keeps its promises to the end of the test."""
    shared_database.wipe()
    yield shared_database
    assert shared_database.problems() == []


@pytest.fixture
def runtime(
    database: SharedDatabase, url_of: Callable[[str], str], plugin: Path, tmp_path: Path
) -> Runtime:
    """A runtime with the reference plugins, ours under both of its names, and the stand-in."""
    assert database.reserved() == []
    ours = tmp_path / "bin"
    ours.mkdir()
    for name in ("rowhouse", "whereabouts"):
        (ours / name).symlink_to(plugin)
    program = ours / "stand-in"
    program.write_text(f"#!{sys.executable} -IS\n{Path(stand_in.__file__).read_text()}")
    program.chmod(0o755)
    settings = tmp_path / "rowhouse.conf"
    settings.write_text(
        f"server = {url_of('default')}\nnode = node1\nspool = {tmp_path / 'spool'}\n"
    )
    reference = reference_plugins()
    assert reference is not None
    return Runtime(reference, ours, settings)
