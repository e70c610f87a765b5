"""Fixtures of the launcher's tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from plugin_bundle.launcher import SOURCE, compilers


@pytest.fixture(params=["bundle", pytest.param("sanitized", marks=pytest.mark.slow)])
def watched(request: pytest.FixtureRequest) -> list[str]:
    """The launcher without rowhouse_cni: as built, and with sanitizers, which end it by a signal."""
    if request.param == "sanitized":
        return [str(request.getfixturevalue("sanitized"))]
    return list(request.getfixturevalue("alone"))


@pytest.fixture
def alone(bundle: Path, tmp_path: Path) -> list[str]:
    """The launcher without rowhouse_cni."""
    folder = tmp_path / "alone"
    folder.mkdir()
    shutil.copy(bundle / "rowhouse", folder)
    return [str(folder / "rowhouse")]


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    return tmp_path / "agent.sock"


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The launcher with the sanitizers for memory and undefined behavior, which end it at the first mistake."""
    target = tmp_path_factory.mktemp("sanitized") / "rowhouse"
    flags = "-g -O1 -fno-builtin -fsanitize=address,undefined -fsanitize-undefined-trap-on-error"
    source = Path(__file__).with_name("sanitized.c")
    for compiler in compilers():
        command = [*compiler, *flags.split(), f"-I{SOURCE.parent}", "-o", str(target), str(source)]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return target
    pytest.skip("needs a C compiler with sanitizers")
