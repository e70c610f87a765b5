"""Atomic changes of the host's file system, which survive a power cut.

Each is prepared under a temporary name, flushed and renamed; then the folder is flushed. A
temporary name begins with ``.rowhouse-node.``; the holder of the lock may remove such files of a
killed daemon.
"""

import ctypes
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = ".rowhouse-node."
AT_FDCWD = -100
RENAME_EXCHANGE = 2


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock of all daemons of this node; the kernel releases it when the process ends."""
    make_folder(file.parent, 0o755)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def temporary(beside: Path) -> Path:
    """An unused name in the same folder."""
    return beside.parent / f"{TEMPORARY}{beside.name}.{os.getpid()}.{time.monotonic_ns()}"


def flush(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path, mode: int) -> None:
    """Create ``path`` and missing parents; durable on return."""
    if path.is_dir():
        return
    make_folder(path.parent, 0o755)
    path.mkdir(mode=mode, exist_ok=True)
    flush(path.parent)


def write(path: Path, content: bytes, mode: int) -> bool:
    """Give ``path`` this content and mode; return False if it already had both."""
    if is_same(path, content, mode):
        return False
    new = temporary(path)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.fchmod(descriptor, mode)
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new.rename(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    flush(path.parent)
    return True


def is_same(path: Path, content: bytes, mode: int) -> bool:
    """Whether ``path`` is a plain file with this content and mode."""
    try:
        found = path.lstat()
        if path.is_symlink() or found.st_mode & 0o7777 != mode or found.st_size != len(content):
            return False
        return path.read_bytes() == content
    except OSError:
        return False


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder; ``target`` appears complete, with every byte on disk."""
    new = temporary(target)
    try:
        shutil.copytree(source, new, symlinks=True)
        for folder, _, files in os.walk(new):
            for name in files:
                if not (Path(folder) / name).is_symlink():
                    flush(Path(folder) / name)
            flush(Path(folder))
        new.rename(target)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise
    flush(target.parent)


def point(link: Path, to: str) -> None:
    """Make ``link`` a symbolic link to ``to``, whatever it was; a folder goes to a temporary name.

    An existing ``link`` is never missing meanwhile, if the file system can exchange names.
    """
    if link.is_symlink() and str(link.readlink()) == to:
        return
    new = temporary(link)
    new.symlink_to(to)
    if link.is_dir() and not link.is_symlink():
        exchange(new, link)
    else:
        new.rename(link)
    flush(link.parent)


def exchange(one: Path, other: Path) -> None:
    """Swap two names atomically, or by two renames if the file system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    function = getattr(libc, "renameat2", None)
    if function is not None and not function(
        AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE
    ):
        return
    aside = temporary(other)
    other.rename(aside)
    one.rename(other)


def keep(path: Path, name: Path) -> None:
    """Give what is at ``path`` the name ``name`` as well, in the same folder, so that ``path`` may be replaced.

    A link stays a link, because its target may not be visible from here.
    """
    aside = temporary(name)
    if path.is_symlink():
        aside.symlink_to(path.readlink())
    else:
        try:
            os.link(path, aside)
        except OSError:  # a file system without hard links
            shutil.copy2(path, aside)
            flush(aside)
    aside.rename(name)
    # rename(2) does nothing if both are one file already, after a kill.
    aside.unlink(missing_ok=True)
    flush(name.parent)


def remove(path: Path) -> bool:
    """Remove a file, a link or a folder; a folder vanishes from its name at once."""
    if not os.path.lexists(path):
        return False
    if path.is_dir() and not path.is_symlink():
        doomed = temporary(path)
        path.rename(doomed)
        shutil.rmtree(doomed)
    else:
        path.unlink()
    flush(path.parent)
    return True


def sweep(folder: Path) -> None:
    """Remove the leftovers of a killed daemon; only under the lock."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name.startswith(TEMPORARY):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
