"""What is installed is the wheel: built, installed alone, and used from an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fixtures.databases import Database

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    (built,) = folder.glob("rowhouse_ipam-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and our dependencies by a path: none is downloaded."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    (packages,) = (environment / "lib").glob("python*/site-packages")
    # Folders named by a .pth file come last, and .pth files in them (our editable install) are
    # not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment


def rowhouse(installed: Path, folder: Path, *arguments: str, url: str = "") -> str:
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [installed / "bin" / "rowhouse", *arguments],
        cwd=folder,
        env=inherited | {"ROWHOUSE_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_has_the_packages_and_the_migrations_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "rowhouse",
        "rowhouse_cni",
        "rowhouse_node",
    }
    assert "rowhouse/alembic.ini" in names
    assert "rowhouse/migrations/env.py" in names
    assert "rowhouse/py.typed" in names
    source = {f"rowhouse/{path.relative_to(ROOT)}" for path in (ROOT / "migrations").rglob("*.sql")}
    queries = {str(path.relative_to(ROOT / "server")) for path in (ROOT / "server").rglob("*.sql")}
    assert source
    assert queries
    assert source | queries <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_its_code_is_its_own(installed: Path, tmp_path: Path) -> None:
    code = "import rowhouse; print(rowhouse.__file__)"
    where = subprocess.run(
        [installed / "bin" / "python", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(installed))


def test_it_tells_its_version(installed: Path, tmp_path: Path) -> None:
    assert rowhouse(installed, tmp_path, "--version").startswith("rowhouse 0.")


@pytest.mark.slow
def test_it_migrates_an_empty_database(
    installed: Path, tmp_path: Path, empty_database: Database
) -> None:
    for command in ("upgrade", "check", "upgrade"):
        rowhouse(installed, tmp_path, "db", command, url=empty_database.url)
    rowhouse(installed, tmp_path, "db", "downgrade", "--yes", "base", url=empty_database.url)
    rowhouse(installed, tmp_path, "db", "upgrade", url=empty_database.url)


def test_it_prints_the_ddl_without_a_database(installed: Path, tmp_path: Path) -> None:
    ddl = rowhouse(installed, tmp_path, "db", "sql")
    assert re.search(r"CREATE TABLE (rowhouse\.)?reservations", ddl)
