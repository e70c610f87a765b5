"""The directory of one embedded PostgreSQL: whose it is, what is in it, who holds its lock.

It may belong to another user than the root that starts the server, so what is created or written
in it is created by the account, never by root along a path that the other user controls.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from typing import TYPE_CHECKING, Final

from rowhouse.embedded.errors import EmbeddedPostgresError, EmbeddedPostgresLostError
from rowhouse.embedded.processes import CAN_SEE_PROCESSES, end_orphans, processes

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Sequence
    from pathlib import Path

    from rowhouse.embedded.account import Account

PORT: Final = "5432"  # no port is opened: it only names the socket

_FIRST_FREE_IN_A_SHELL: Final = 10
_LITTLE_SPACE: Final = 1024 * 1024
_TELLING: Final = ("PANIC", "FATAL", "ERROR", "HINT")

_OURS: Final = re.compile(rf"data|data\.new|log|lock|lost\+found|\.s\.PGSQL\.{PORT}(\.lock)?")

# A socket's path is at most 107 bytes; libpq splits a host, and the server a directory, at commas.
_SOCKET_DIRECTORY: Final = re.compile(r"/[\w./+@-]{1,85}", re.ASCII)


def fits_a_socket(path: Path) -> bool:
    """Whether a server can have its unix socket in the folder `path`."""
    return _SOCKET_DIRECTORY.fullmatch(str(path)) is not None


class Directory:
    """`path`, used by `account`."""

    def __init__(self, path: Path, account: Account) -> None:
        self.path = path
        self.data = path / "data"
        self.log = path / "log"
        self.startup_log = path / "log" / "startup.log"
        self._account = account

    def claim(self) -> None:
        """Make it the account's, if it is new, empty or already so.

        Raises:
            EmbeddedPostgresError: it has other things in it, or the account cannot get there.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        present = sorted(entry.name for entry in self.path.iterdir())
        if foreign := [name for name in present if not _OURS.fullmatch(name)]:
            raise EmbeddedPostgresError(
                f"{self.path} is not a directory of the embedded PostgreSQL: it contains"
                f" {foreign[0]!r}. Use an empty or a new directory"
            )
        if "lock" not in present and self.path.stat().st_uid != self._account.uid:
            self._account.take_over(self.path)
        if not self._account.can_reach(self.path):
            raise EmbeddedPostgresError(
                f"started by root, PostgreSQL runs as the user {self._account.name!r}, who cannot"
                f" enter {self.path}. Use another directory, such as /var/lib/rowhouse"
            )
        # A mounted volume may belong to another user and only be writable; the socket is protected anyway.
        script = 'umask 077; cd -- "$1" && mkdir -p log && : >>lock && { chmod 700 . || :; }'
        made = self._account.run(["/bin/sh", "-c", script, "sh", self.path])
        if made.returncode != 0:
            raise EmbeddedPostgresError(f"{self.path} cannot be used: {made.stderr.strip()}")

    def lock(self, undo: contextlib.ExitStack, *, seconds: float) -> int:
        """Lock it against other servers and return the lock's descriptor, to be inherited.

        Args:
            undo: gets the closing of the descriptor.
            seconds: to wait for an earlier server, which may be on its way out.

        Raises:
            EmbeddedPostgresError: a server has it.
        """
        opened = os.open(self.path / "lock", os.O_RDONLY | os.O_NOFOLLOW)
        try:
            # The guardian's shell uses the descriptors below: it would replace the lock, and lose it.
            lock = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_IN_A_SHELL)
        finally:
            os.close(opened)
        undo.callback(os.close, lock)
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                end_orphans(self.data)
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresError(self._in_use()) from None
                time.sleep(0.02)
            else:
                return lock

    def _in_use(self) -> str:
        try:
            by = f" (postmaster {self.postmaster_pid()})"
        except (OSError, ValueError):
            by = ""
        return f"another embedded PostgreSQL is running in {self.path}{by}: stop it first"

    def initialise(self, initdb: Sequence[str | Path], *, version: int, lock: int) -> None:
        """Make the cluster, or check that the one that is there is of `version`.

        Args:
            initdb: its command line, but for the directory and what every cluster of ours has.
            version: major version of PostgreSQL.
            lock: for initdb to inherit.

        Raises:
            EmbeddedPostgresError: another version's data, or initdb failed.
        """
        version_file = self.data / "PG_VERSION"
        if version_file.exists():
            found = version_file.read_text().strip()
            if found != str(version):
                raise EmbeddedPostgresError(
                    f"{self.path} contains data of PostgreSQL {found}, but this is PostgreSQL"
                    f" {version}: dump it with version {found} and load the dump into a new"
                    " directory"
                )
            self._remember()
            return
        # A killed initdb leaves half a cluster, so it only gets its name when it is whole.
        fresh = self.path / "data.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        command = [*initdb, "-D", fresh, "--no-instructions", "--data-checksums"]
        command += ["--encoding=UTF8", "--locale=C", "--auth-local=trust", "--auth-host=reject"]
        done = self._account.run(command, lock)
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"initdb in {self.path} failed: {done.stderr.strip()}")
        fresh.rename(self.data)
        self._remember()

    def _remember(self) -> None:
        place = self.data.stat()
        self._identity = (place.st_dev, place.st_ino)

    def remove_stale_locks(self) -> None:
        """Remove what a killed server has left; only for the holder of our lock."""
        # PostgreSQL takes such a file for live when its process id has been given to another
        # process, as the small ids in a container soon are.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self.path.glob(f".s.PGSQL.{PORT}*"):
            leftover.unlink()

    def is_deserted(self) -> bool:
        """End what a dead server has left; return whether nothing of it runs any more.

        A postmaster that starts never attaches to shared memory that is in use, so it, too, prevents two servers.
        """
        end_orphans(self.data)
        if processes(self.data):
            return False
        if CAN_SEE_PROCESSES:
            self.remove_stale_locks()
        return True

    def require_data(self) -> None:
        """Check that the data is still there.

        Raises:
            EmbeddedPostgresLostError: it was removed, or another directory is in its place.
        """
        try:
            place = self.data.stat()
            (self.data / "PG_VERSION").stat()
        except (FileNotFoundError, NotADirectoryError):
            place = None
        except OSError:  # such as an I/O error, which PostgreSQL reports better
            return
        if place is None or (place.st_dev, place.st_ino) != self._identity:
            raise EmbeddedPostgresLostError(
                f"the data of the embedded PostgreSQL in {self.data} was removed while it was running",
                hint="Restore it from a backup, or start with a new directory.",
            )

    def postmaster_pid(self) -> int:
        """The process id in the postmaster's pid file."""
        return int(self._pid_file()[0])

    def is_ready(self) -> bool:
        """Whether connections are accepted: the eighth line of the pid file, as pg_ctl reads it."""
        try:
            return self._pid_file()[7].strip() == "ready"
        except (FileNotFoundError, IndexError):
            return False

    def _pid_file(self) -> list[str]:
        return (self.data / "postmaster.pid").read_text().splitlines()

    def last_words(self) -> str:
        """Return what the server's logs say about a start that failed, or that the disk is full."""
        lines = [
            line
            for file in self._last_logs()
            for line in file.read_text(errors="replace").splitlines()
            if any(word in line for word in _TELLING)
        ]
        if self._is_disk_full():  # then the log is incomplete, too
            lines.append(f"no space left on the disk of {self.path}")
        return "; ".join(lines[-3:]) or f"see {self.log}"

    def _last_logs(self) -> list[Path]:
        """Return the log of the start, and the newest one."""
        try:
            newest = max(self.log.iterdir(), key=lambda file: file.stat().st_mtime)
        except (OSError, ValueError):
            return []
        return [file for file in dict.fromkeys((self.startup_log, newest)) if file.is_file()]

    def _is_disk_full(self) -> bool:
        try:
            disk = os.statvfs(self.path)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize < _LITTLE_SPACE
