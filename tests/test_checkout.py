"""`make` in a checkout that it cannot write says what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_checkout_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Root can write everywhere, so a folder is where the lock should be."""
    version = "cni_plugin/rowhouse_cni/__init__.py"
    (tmp_path / version).parent.mkdir(parents=True)
    for folder in (".ci", "requirements"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in (version, "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / ".venv.lock").mkdir()
    command = [sys.executable, ".ci/environment.py", "runtime"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path} cannot be written: Is a directory.")
    assert f"git -c safe.directory={tmp_path}/.git clone {tmp_path}" in done.stderr
