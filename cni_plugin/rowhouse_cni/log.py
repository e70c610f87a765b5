"""``log_file`` of the network configuration: one line for each call.

Levels are upstream's. ``debug`` (the default) adds the body of the answer, ``verbose``
has one line a call, ``error`` the failed ones only, ``panic`` none. A token never gets
here: neither the request nor the settings do.

A user who may write a NetworkAttachmentDefinition chooses this file, and the plugin writes as
root. With a line in /etc/ld.so.preload, that user would become root on the node. So the
settings limit the directories for logs, and the plugin writes only to new files and to
existing logs of CNI plugins.
"""

import posix
from time import gmtime, strftime, time

from rowhouse_cni.errors import visible
from rowhouse_cni.netconf import log_target

LEVELS = ("panic", "error", "verbose", "debug")
APPEND = posix.O_RDWR | posix.O_APPEND | posix.O_CREAT | posix.O_CLOEXEC | posix.O_NONBLOCK
REGULAR_FILE = 0o100000  # stat.S_IFREG
SYMBOLIC_LINK = 0o120000  # stat.S_IFLNK
TYPE_OF_FILE = 0o170000  # stat.S_IFMT
MAX_BODY = 2000  # bytes of the answer that go into a line
MAX_LINE = 4096  # bytes
STEP = posix.O_PATH | posix.O_DIRECTORY | posix.O_NOFOLLOW | posix.O_CLOEXEC


def record(netconf: bytes, line: str, body: bytes, dirs: tuple[str, ...], *, failed: bool) -> None:
    """Append ``line`` where the configuration asks for it. Raise OSError or ValueError."""
    file, level = log_target(netconf)
    if not file:
        return
    level = level.lower() or "debug"
    if level not in LEVELS:
        raise ValueError(f"log_level {level} is not one of {', '.join(LEVELS)}")
    if LEVELS.index(level) < LEVELS.index("error" if failed else "verbose"):
        return
    if level == "debug" and body:
        line += " " + " ".join(body[:MAX_BODY].decode("utf-8", "replace").split())
    now = time()
    stamp = f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(now))}.{int(now % 1 * 1000):03d}Z"
    word = "error" if failed else "verbose"
    descriptor = open_log(file, dirs)
    try:
        text = f"{stamp} [{word}] {visible(' '.join(line.split()))}".encode("utf-8", "replace")
        posix.write(descriptor, text[:MAX_LINE] + b"\n")
    finally:
        posix.close(descriptor)


def open_log(file: str, dirs: tuple[str, ...]) -> int:
    """A descriptor that appends to ``file``, made 0600 if it is new.

    Below ``dirs`` no symbolic link is followed but the last one, once, if root or the
    plugin's user made it. A pipe, a device, a file with a second name, a file of another user
    and one that is not a CNI plugin's log are refused. Raise ValueError, OSError.
    """
    folder, name = open_folder(file, dirs)
    try:
        try:
            descriptor = posix.open(name, APPEND | posix.O_NOFOLLOW, 0o600, dir_fd=folder)
        except OSError:
            link = posix.stat(name, dir_fd=folder, follow_symlinks=False)
            if link.st_mode & TYPE_OF_FILE != SYMBOLIC_LINK:
                raise
            if link.st_uid not in (0, posix.geteuid()):
                raise ValueError("it is a symbolic link of another user") from None
            target = posix.readlink(name, dir_fd=folder)
            descriptor = posix.open(target, APPEND | posix.O_NOFOLLOW, 0o600, dir_fd=folder)
    finally:
        posix.close(folder)
    try:
        refuse_what_is_no_log(descriptor)
    except ValueError:
        posix.close(descriptor)
        raise
    return descriptor


def open_folder(file: str, dirs: tuple[str, ...]) -> tuple[int, str]:
    """The folder of a log as a descriptor, and the log's name in it."""
    names = [name for name in file.split("/") if name not in ("", ".")]
    for base in dirs:
        above = [name for name in base.split("/") if name]
        below = names[len(above) :]
        if names[: len(above)] == above and below and ".." not in below and file[:1] == "/":
            break
    else:
        raise ValueError(
            f"{file} is not in a directory of `log_dirs`: {', '.join(dirs) or 'there is none'}"
        )
    folder = posix.open(base, posix.O_PATH | posix.O_DIRECTORY | posix.O_CLOEXEC)
    for name in below[:-1]:
        above_it = folder
        try:
            folder = posix.open(name, STEP, dir_fd=above_it)
        finally:
            posix.close(above_it)
    return folder, below[-1]


def refuse_what_is_no_log(descriptor: int) -> None:
    """Raise ValueError unless this is a plain file of ours, and empty or a CNI plugin's log."""
    found = posix.fstat(descriptor)
    if found.st_mode & TYPE_OF_FILE != REGULAR_FILE or found.st_nlink != 1:
        raise ValueError("it is not a plain file with one name")
    if found.st_uid not in (0, posix.geteuid()):
        raise ValueError("it belongs to another user")
    start = posix.pread(descriptor, 40, 0)
    # As whereabouts, multus and we begin a line: 2026-01-31T12:00:00Z [verbose] …
    if start and not (start[:4].isdigit() and start[4:5] == b"-" and b" [" in start[20:]):
        raise ValueError("a file with that name exists and is not a CNI plugin's log")
