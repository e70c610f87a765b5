"""``log_file`` of the network configuration: one line for each call.

Levels are upstream's. ``debug`` (the default) adds the body of the answer, ``verbose``
has one line a call, ``error`` the failed ones only, ``panic`` none. A token never gets
here: neither the request nor the settings do.
"""

import posix
from time import gmtime, strftime, time

from rowhouse_cni.netconf import log_target

LEVELS = ("panic", "error", "verbose", "debug")
APPEND = posix.O_WRONLY | posix.O_APPEND | posix.O_CREAT | posix.O_CLOEXEC | posix.O_NONBLOCK
REGULAR_FILE = 0o100000  # stat.S_IFREG
SYMBOLIC_LINK = 0o120000  # stat.S_IFLNK
TYPE_OF_FILE = 0o170000  # stat.S_IFMT
LONGEST_BODY = 2000  # bytes of the answer that go into a line


def record(netconf: bytes, line: str, body: bytes, *, failed: bool) -> None:
    """Append ``line`` where the configuration asks for it. Raise OSError or ValueError."""
    file, level = log_target(netconf)
    if not file:
        return
    level = level.lower() or "debug"
    if level not in LEVELS:
        raise ValueError(f"log_level {level} is none of {', '.join(LEVELS)}")
    if LEVELS.index(level) < LEVELS.index("error" if failed else "verbose"):
        return
    if level == "debug" and body:
        line += " " + " ".join(body[:LONGEST_BODY].decode("utf-8", "replace").split())
    now = time()
    stamp = f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(now))}.{int(now % 1 * 1000):03d}Z"
    word = "error" if failed else "verbose"
    descriptor = open_log(file)
    try:
        posix.write(descriptor, f"{stamp} [{word}] {line}\n".encode("utf-8", "replace"))
    finally:
        posix.close(descriptor)


def open_log(file: str) -> int:
    """A descriptor that appends to ``file``, made 0600 if it is new.

    The plugin runs as root and /tmp is a usual place for this file, so: a symbolic link
    is followed only if root or the plugin's user made it, and only once; a pipe, device
    or a file with a second name is refused.
    """
    try:
        descriptor = posix.open(file, APPEND | posix.O_NOFOLLOW, 0o600)
    except OSError:
        link = posix.lstat(file)
        if link.st_mode & TYPE_OF_FILE != SYMBOLIC_LINK:
            raise
        if link.st_uid not in (0, posix.geteuid()):
            raise ValueError("it is somebody else's symbolic link") from None
        target = posix.readlink(file)
        if not target.startswith("/"):
            target = file.rpartition("/")[0] + "/" + target
        descriptor = posix.open(target, APPEND | posix.O_NOFOLLOW, 0o600)
    found = posix.fstat(descriptor)
    if found.st_mode & TYPE_OF_FILE != REGULAR_FILE or found.st_nlink != 1:
        posix.close(descriptor)
        raise ValueError("it is not a plain file with one name")
    return descriptor
