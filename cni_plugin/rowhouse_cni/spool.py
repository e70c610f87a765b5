"""DELs that no server accepted: kept on disk, replayed when a server answers again.

Each DEL is one file (spool_entry.py), on disk before the call reports success. The name
of a file that is still being written begins with a dot.

A process that replays a file holds its flock, which the kernel releases when the process ends, so
a lock never has to be broken. Replaying twice does no harm, because the server releases by
container id. Replaying late does none either, because the next ADD of the same container
replays its own DEL first.
"""

import posix
from fcntl import LOCK_EX, LOCK_NB, flock
from time import monotonic, time

from rowhouse_cni import spool_entry
from rowhouse_cni.answer import SUCCESS
from rowhouse_cni.environment import MAX_NETCONF_BYTES
from rowhouse_cni.settings import is_open_to_others
from rowhouse_cni.spool_entry import (
    REFUSED,
    is_still,
    make_directory,
    names_in,
    read_entry,
    write_entry,
)

TYPE_CHECKING = False  # importing typing takes longer than a replay
if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse_cni.answer import Answer

    Send = Callable[[list[bytes], bytes, float], Answer | None]
    """Sends one DEL: header lines, network configuration, deadline (time.monotonic()).

    None: another call has to send it.
    """

MAX_BYTES = 64 * 1024 * 1024  # of all entries; each counts as at least one block
BLOCK = 4096
ENOSPC = 28  # Linux's on every processor
ABANDONED = 3600  # seconds after which a temporary file has lost its writer
STICKY = 0o1000  # stat.S_ISVTX
OPEN_DIRECTORY = posix.O_RDONLY | posix.O_DIRECTORY | posix.O_NOFOLLOW | posix.O_CLOEXEC


class SpoolUnusableError(Exception):
    """The spool can't be used; the text says why."""


class Replayed:
    """The outcome of the entries that a replay processed."""

    def __init__(self) -> None:
        self.released: list[str] = []
        self.refused: list[str] = []  # "NAME: why"
        self.kept: list[str] = []
        self.foreign: list[str] = []


class Spool:
    """One directory of kept DELs: 0700, of root or the plugin's user."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def keep(self, name: str, lines: list[bytes], netconf: bytes) -> None:
        """Keep one DEL, on disk when this returns. Raise OSError or SpoolUnusableError."""
        make_directory(self.directory)
        directory = self.open()
        try:
            self.check_room(name, len(netconf), directory)
            write_entry(name, lines, netconf, directory)
        finally:
            posix.close(directory)

    def check_room(self, name: str, size: int, directory: int) -> None:
        """Raise OSError if the spool has no room for another entry; a repeated DEL replaces its own."""
        names = names_in(self.directory)
        if name in names or (len(names) + 1) * (BLOCK + MAX_NETCONF_BYTES) <= MAX_BYTES:
            return
        if bytes_of(names, directory) + max(size, BLOCK) > MAX_BYTES:
            raise OSError(
                ENOSPC, f"it already has {len(names)} DELs and a limit of {MAX_BYTES} bytes"
            )

    def replay(
        self, names: list[str], send: "Send", deadline: float, *, wait: bool = False
    ) -> Replayed:
        """Send the named DELs until ``deadline``; remove those that are done.

        An entry that another process is replaying is skipped, or waited for with ``wait``.
        Entries that the server refuses for good move to ``refused``. Raise SpoolUnusableError,
        or the error of ``send`` if no server answers; the remaining entries stay.
        """
        result = Replayed()
        directory = self.open()
        try:
            for name in names:
                if monotonic() >= deadline:
                    break
                self.replay_one(name, directory, send, deadline, result, wait=wait)
        finally:
            posix.close(directory)
        return result

    def replay_one(
        self,
        name: str,
        directory: int,
        send: "Send",
        deadline: float,
        result: Replayed,
        *,
        wait: bool,
    ) -> None:
        """Claim one entry, send it, and handle the answer."""
        try:
            entry = posix.open(name, spool_entry.OPEN, dir_fd=directory)
        except FileNotFoundError:
            return  # another process has just replayed it
        except OSError:
            result.kept.append(name)  # for example a symbolic link, which we did not make
            return
        try:
            flock(entry, LOCK_EX if wait else LOCK_EX | LOCK_NB)
            if not is_still(entry, name, directory):
                return
            try:
                lines, netconf = read_entry(entry)
            except (ValueError, IsADirectoryError) as damage:
                refuse(name, directory, str(damage), result)
                return
            answer = send(lines, netconf, deadline)
            if answer is None:
                result.foreign.append(name)
            elif answer.status == SUCCESS:
                if is_still(entry, name, directory):
                    posix.unlink(name, dir_fd=directory)
                result.released.append(name)
            elif answer.is_final():
                text = " ".join(answer.body.decode("utf-8", "replace").split())
                refuse(name, directory, f"HTTP {answer.status} {text}", result)
            else:
                result.kept.append(name)
        except BlockingIOError:
            pass  # another process is replaying it
        finally:
            posix.close(entry)

    def sweep(self) -> None:
        """Remove the temporary files of writers that died before they reported success."""
        directory = self.open()
        try:
            for name in posix.listdir(directory):
                if name.startswith("."):
                    status = posix.stat(name, dir_fd=directory, follow_symlinks=False)
                    if time() - status.st_mtime > ABANDONED:
                        posix.unlink(name, dir_fd=directory)
        finally:
            posix.close(directory)

    def open(self) -> int:
        """A descriptor of the directory. Raise SpoolUnusableError if others could write there."""
        try:
            directory = posix.open(self.directory, OPEN_DIRECTORY)
        except NotADirectoryError:
            raise SpoolUnusableError(
                f"{self.directory} is not a directory, or is a symbolic link"
            ) from None
        above = posix.stat("..", dir_fd=directory).st_mode
        if is_open_to_others(posix.fstat(directory)):
            trouble = (
                f"{self.directory} is accessible to other users: run chown and chmod 0700 on it"
            )
        elif above & 0o002 and not above & STICKY:  # any user could replace it
            trouble = (
                f"the parent of {self.directory} is writable by all users: run chmod o-w on it"
            )
        else:
            return directory
        posix.close(directory)
        raise SpoolUnusableError(trouble)


def bytes_of(names: list[str], directory: int) -> int:
    """How much of the limit these entries use."""
    total = 0
    for name in names:
        try:
            found = posix.stat(name, dir_fd=directory, follow_symlinks=False)
        except OSError:
            continue  # another process has just replayed it
        total += max(found.st_size, BLOCK)
    return total


def bytes_in(path: str) -> int:
    """How much of the limit the entries of the spool at ``path`` use; 0 if it does not exist."""
    names = names_in(path)
    if not names:
        return 0
    directory = posix.open(path, OPEN_DIRECTORY)
    try:
        return bytes_of(names, directory)
    finally:
        posix.close(directory)


def refuse(name: str, directory: int, reason: str, result: Replayed) -> None:
    """Put aside an entry that no server will ever accept."""
    try:
        posix.mkdir(REFUSED, 0o700, dir_fd=directory)
    except FileExistsError:
        pass
    posix.rename(name, f"{REFUSED}/{name}", src_dir_fd=directory, dst_dir_fd=directory)
    result.refused.append(f"{name}: {reason}")
