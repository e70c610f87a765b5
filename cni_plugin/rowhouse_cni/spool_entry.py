"""One kept DEL as a file: its name, its content, and how it is written.

The name is ``CONTAINERID@IFNAME``, so that a repeated DEL replaces the former one. The
file contains the request's header lines and the network configuration, never the token.
"""

import posix
from time import time_ns

FIRST_LINE = b"Rowhouse-Spool: 1"
REFUSED = "refused"  # the folder, in the spool, for DELs that the server will never take
MAX_NAME = 200  # of the 255 bytes a name may have; the temporary name needs some more
OPEN = posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK
CREATE = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_NOFOLLOW | posix.O_CLOEXEC


def names_in(directory: str) -> list[str]:
    """The names of the DELs in ``directory``, unordered; empty if it does not exist."""
    try:
        names = posix.listdir(directory)
    except OSError:
        return []
    return [name for name in names if name != REFUSED and not name.startswith(".")]


def entry_name(container_id: str, interface: str) -> str:
    """The file name for one attachment's DEL; no container id contains ``@``.

    An id that is too long for a file name is cut, and the time makes the name unique.
    """
    name = f"{container_id}@{interface}"
    if len(name.encode()) <= MAX_NAME:
        return name
    return f"{container_id[:150]}~{time_ns()}@{interface}"


def is_of(name: str, container_id: str, interface: str) -> bool:
    """Whether the entry ``name`` is (or, if its id was cut, may be) of this attachment."""
    id_of_entry, _, interface_of_entry = name.partition("@")
    cut, was_cut, _ = id_of_entry.partition("~")
    same = container_id.startswith(cut) if was_cut else container_id == id_of_entry
    return same and interface == interface_of_entry


def write_entry(name: str, lines: list[bytes], netconf: bytes, directory: int) -> None:
    """Write an entry completely or not at all; it is on disk on return."""
    length = b"Content-Length: " + str(len(netconf)).encode()
    write_whole(name, b"\r\n".join([FIRST_LINE, *lines, length, b"", netconf]), directory)


def write_whole(name: str, content: bytes, directory: int) -> None:
    """Give ``name`` this content, completely or not at all; it is on disk on return."""
    temporary = f".{name}.{posix.getpid()}.{time_ns()}"
    entry = posix.open(temporary, CREATE, 0o600, dir_fd=directory)
    try:
        while content:
            content = content[posix.write(entry, content) :]
        posix.fsync(entry)
        posix.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        posix.unlink(temporary, dir_fd=directory)
        raise
    finally:
        posix.close(entry)
    posix.fsync(directory)


def read_entry(entry: int) -> tuple[list[bytes], bytes]:
    """Header lines and network configuration of an open entry; ValueError if damaged."""
    pieces = []
    while piece := posix.read(entry, 65536):
        pieces.append(piece)
    head, _, netconf = b"".join(pieces).partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    if first != FIRST_LINE or not lines:
        raise ValueError("it does not begin as a spooled DEL does")
    if lines.pop() != b"Content-Length: " + str(len(netconf)).encode():
        raise ValueError("it is incomplete")
    return lines, netconf


def is_still(entry: int, name: str, directory: int) -> bool:
    """Whether ``name`` is still the file that was opened as ``entry``."""
    try:
        found = posix.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    opened = posix.fstat(entry)
    return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)


def make_directory(path: str, mode: int = 0o700) -> None:
    """Create ``path``, and missing parents with mode 0755; durable on return."""
    above = path.rstrip("/").rpartition("/")[0] or "/"
    try:
        posix.mkdir(path, mode)
    except FileExistsError:
        return
    except FileNotFoundError:
        make_directory(above, 0o755)
        posix.mkdir(path, mode)
    descriptor = posix.open(above, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
    try:
        posix.fsync(descriptor)
    finally:
        posix.close(descriptor)
