"""The user that the server runs as, since PostgreSQL refuses to run as root."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rowhouse.embedded.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who the server runs as: ourselves or, when we are root, the user `name`."""

    name: str
    uid: int
    gid: int
    is_other: bool

    @classmethod
    def for_directory(cls, directory: Path | None) -> Account:
        """The account for a server in `directory`; None for a temporary one.

        Raises:
            EmbeddedPostgresError: there is none.
        """
        if os.geteuid() != 0:
            return cls(name="", uid=os.geteuid(), gid=os.getegid(), is_other=False)
        if directory is not None and directory.exists() and directory.stat().st_uid != 0:
            owner = directory.stat()
            return cls(name=str(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid, is_other=True)
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(name=name, uid=entry.pw_uid, gid=entry.pw_gid, is_other=True)
        raise EmbeddedPostgresError(
            "PostgreSQL does not run as root, and there is neither a user 'postgres' nor 'nobody':"
            " start as another user, or give the directory to one"
        )

    def take_over(self, folder: Path) -> None:
        """Give `folder` and all in it to the account, itself last."""
        if not self.is_other:
            return
        for place, _, files in os.walk(folder, topdown=False):
            for name in (*files, "."):
                os.chown(os.path.join(place, name), self.uid, self.gid, follow_symlinks=False)  # noqa: PTH118 - Path drops the dot

    def can_reach(self, path: Path) -> bool:
        """Whether the account may run the program, or enter the directory, `path`."""
        return self.run(["/bin/sh", "-c", '[ -x "$1" ]', "sh", path]).returncode == 0

    def run(
        self, command: Sequence[str | Path], *pass_fds: int
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` as the account and return what it said and its exit status."""
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=pass_fds,
            **self.process_arguments(),
        )

    def process_arguments(self) -> dict[str, Any]:
        """The arguments with which subprocess runs something as the account."""
        # Nothing of our environment: PGPORT and others would change the server's defaults.
        arguments: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": "C"}}
        if self.is_other:
            arguments |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return arguments
