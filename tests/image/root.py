"""A root file system by debootstrap, and programs in it: with mounts, a user and no more rights than said."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# What the base image of the Dockerfile has: a Python with venv, and the authorities that sign certificates.
PACKAGES: Final = ("python3", "python3-venv", "ca-certificates")


@dataclass(frozen=True)
class Bind:
    """A file or folder of this machine, seen in a root."""

    source: Path
    target: str
    read_only: bool = True


def debootstrap(folder: Path) -> None:
    """Make a root file system of this machine's own distribution, from where it takes its packages."""
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if line
    )
    codename = release["VERSION_CODENAME"].strip('"')
    line = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    if release["ID"].strip('"') == "ubuntu":
        line.append("--components=main,universe")
    line += [codename, str(folder)]
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    mirrors = [one.split(" ", 1)[1] for one in targets.splitlines() if one.split()[0] == codename]
    line += mirrors[:1]
    done = subprocess.run(
        line, capture_output=True, text=True, timeout=600, check=False, env=os.environ | proxies()
    )
    assert done.returncode == 0, done.stdout + done.stderr


def proxies() -> dict[str, str]:
    """The proxy through which apt gets its packages, if any."""
    said = subprocess.run(
        ["apt-config", "dump", "--format", "%f=%v%n", "Acquire::http::Proxy"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"^Acquire::http::Proxy=(\S+)$", said, re.MULTILINE)
    return {"http_proxy": found[1]} if found else {}


def pip_configuration() -> tuple[dict[str, str], list[Bind]]:
    """This machine's own configuration of pip, as variables, and the files that it names."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    variables = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    for name, value in re.findall(
        r"^(?:global|install|:env:)\.([\w-]+)='(.*)'$", said, re.MULTILINE
    ):
        variables.setdefault(f"PIP_{name.upper().replace('-', '_')}", value.replace("\\n", " "))
    variables.pop("PIP_CONFIG_FILE", None)
    passed_on = ("SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
    for name in (*passed_on, *map(str.lower, passed_on)):
        if name in os.environ:
            variables[name] = os.environ[name]
    words = [word for value in variables.values() for word in value.split()]
    netrc = Path.home() / ".netrc"
    named = {Path(word) for word in words if word.startswith("/") and Path(word).exists()}
    # An index in a folder has its files beside it.
    named |= {
        Path(word.removeprefix("file://")).parent for word in words if word.startswith("file://")
    }
    binds = [Bind(path, str(path)) for path in sorted(named)]
    if netrc.exists():
        binds.append(Bind(netrc, "/root/.netrc"))
        variables["HOME"] = "/root"
    return variables, binds


def inside(root: Path, path: str) -> Path:
    """Where a path of a root is, seen from outside: its links lead to places in the root, not in ours."""
    found = root
    for part in Path(path).parts[1:]:
        found /= part
        if found.is_symlink():
            to = found.readlink()
            found = inside(root, str(to)) if to.is_absolute() else found.parent / to
    return found


def in_root(
    root: Path,
    command: list[str],
    *,
    user: str = "0:0",
    binds: list[Bind] | None = None,
    read_only: bool = False,
    privileged: bool = True,
    network: str = "",
) -> list[str]:
    """The command line that runs a command in a root, in a mount namespace of its own.

    Args:
        root: the file system.
        command: looked up in there, by the PATH that it is given.
        user: uid:gid.
        binds: what else it sees.
        read_only: nothing but what is bound may be written.
        privileged: False takes all capabilities away, and the means to get them back.
        network: name of a network namespace.
    """
    steps = [
        f"mount --bind {root} {root}",
        f"mount -t proc proc {root}/proc",
        f"mount --rbind /dev {root}/dev",
    ]
    names = [Bind(Path("/etc/resolv.conf"), "/etc/resolv.conf"), *(binds or [])]
    for one in names:
        target = shlex.quote(str(inside(root, one.target)))
        if one.source.is_dir():
            steps.append(f"mkdir -p {target}")
        else:
            steps.append(f"mkdir -p $(dirname {target}) && touch {target}")
        steps.append(f"mount --bind {shlex.quote(str(one.source))} {target}")
        if one.read_only:
            steps.append(f"mount -o remount,bind,ro {target}")
    if read_only:
        steps.append(f"mount -o remount,bind,ro {root}")
    uid, gid = user.split(":")
    rights = f"setpriv --reuid={uid} --regid={gid} --clear-groups"
    if not privileged:
        rights += " --no-new-privs --bounding-set=-all --inh-caps=-all"
    steps.append(f'exec chroot {root} {rights} "$@"')
    enter = ["nsenter", f"--net=/run/netns/{network}"] if network else []
    script = " && ".join(steps)
    return [*enter, "unshare", "--mount", "--", "sh", "-c", script, "sh", *command]
