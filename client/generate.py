"""Make the Python client in build/client, from docs/reference/openapi.json: `make client`.

    build/client-venv/bin/python client/generate.py FOLDER

openapi-python-client writes a module for each operation and each schema, with templates/ in place of some of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent
DOCUMENT: Final = ROOT / "docs" / "reference" / "openapi.json"


def generate(folder: Path) -> None:
    """Write the project of the client into a folder, which loses what it had."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    package = folder / "rowhouse_client"
    # The generator finds ruff in PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [
        sys.executable,
        "-m",
        "openapi_python_client",
        "generate",
        "--meta",
        "none",
        "--fail-on-warning",
    ]
    command += ["--path", str(DOCUMENT), "--config", str(HERE / "config.yml")]
    command += ["--custom-template-path", str(HERE / "templates"), "--output-path", str(package)]
    done = subprocess.run(
        command, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"openapi-python-client failed:\n{done.stdout}{done.stderr}")
    shutil.copytree(HERE / "rowhouse_client", package, dirs_exist_ok=True)
    (package / "py.typed").touch()
    (package / "version.py").write_text(
        f'"""The version, which is that of the server."""\n\n__version__ = "{_version()}"\n'
    )
    for file in (HERE / "pyproject.toml", HERE / "README.md", ROOT / "LICENSE"):
        shutil.copy(file, folder)


def _version() -> str:
    command = [sys.executable, str(ROOT / ".ci" / "version.py")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    generate(Path(sys.argv[1]))
