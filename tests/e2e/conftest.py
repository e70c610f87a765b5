"""A machine, a runtime on it, and an empty database behind a real server."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
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


@pytest.fixture(params=["direct", "agent"])
def runtime(
    request: pytest.FixtureRequest,
    database: SharedDatabase,
    url_of: Callable[[str], str],
    plugin: Path,
    tmp_path: Path,
) -> Iterator[Runtime]:
    """A runtime with the reference plugins, ours under both of its names, and the stand-in.

    Its calls go to the server directly, or only through the node's agent.
    """
    assert database.reserved() == []
    ours = tmp_path / "bin"
    ours.mkdir()
    for name in ("rowhouse", "whereabouts"):
        (ours / name).symlink_to(plugin)
    program = ours / "stand-in"
    program.write_text(f"#!{sys.executable} -IS\n{Path(stand_in.__file__).read_text()}")
    program.chmod(0o755)
    reference = reference_plugins()
    assert reference is not None
    if request.param == "agent":
        with agent(plugin, tmp_path, url_of("default")) as settings:
            yield Runtime(reference, ours, settings)
        return
    settings = tmp_path / "rowhouse.conf"
    settings.write_text(
        f"server = {url_of('default')}\nnode = node1\nspool = {tmp_path / 'spool'}\n"
    )
    yield Runtime(reference, ours, settings)


@contextlib.contextmanager
def agent(plugin: Path, folder: Path, url: str) -> Iterator[Path]:
    """A node daemon whose agent carries every call; the settings that it writes."""
    host = folder / "host"
    host.mkdir()
    command = [
        *(sys.executable, "-m", "rowhouse_node", "run", f"--plugin={plugin.parent}"),
        *(f"--bin-dir={host / 'bin'}", f"--config-dir={host / 'config'}"),
        *(f"--state-dir={host / 'state'}", f"--agent={folder / 'agent.sock'}"),
        *(f"--server={url}", "--node=node1", "--direct=false", "--listen=127.0.0.1:0"),
    ]
    with (folder / "node.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        until = time.monotonic() + 240
        while not (folder / "agent.sock").exists():
            assert time.monotonic() < until, (folder / "node.log").read_text()
            time.sleep(0.01)
        yield host / "config" / "rowhouse.conf"
    finally:
        process.terminate()
        process.wait()
