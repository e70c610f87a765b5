"""The plugin on the host: a launcher, a link to the folder in use, and the folders.

    rowhouse                      the launcher, replaced by rename
    rowhouse.d -> rowhouse.d-1f…  followed once by each call, so a call ends with what it began
    rowhouse.d-1f…                a version, named by its content; never changed
    whereabouts                   on request, a copy of the launcher
    whereabouts.before-rowhouse   what had that name before

The whereabouts launcher is a copy, because installers of whereabouts write through links. There is no
other state: every step reads the folder, so a kill loses nothing.
A folder's file ``version`` states the version of the plugin.
"""

import hashlib
import os
import re
import time
from pathlib import Path

from rowhouse_node import durable

KEPT = 3600.0  # seconds that a superseded folder stays: six times the longest call
MARK = b"rowhouse.d"  # every launcher of ours contains it
MAX_LAUNCHER = 4 << 20  # bytes
VERSION = re.compile(r"[0-9A-Za-z.+_-]{1,64}")  # what a server takes in a report


class PluginMissing(Exception):
    """There is no plugin to install."""


class HostPlugin:
    """The plugin in ``bin_dir``; every method but ``problem`` is called under the lock."""

    def __init__(self, bin_dir: Path) -> None:
        self.bin_dir = bin_dir
        self.launcher = bin_dir / "rowhouse"
        self.link = bin_dir / "rowhouse.d"
        self.whereabouts = bin_dir / "whereabouts"
        self.original = bin_dir / "whereabouts.before-rowhouse"

    def install(self, source: Path, *, as_whereabouts: bool) -> None:
        """Make the plugin in ``source`` the one in use. Raise PluginMissing, OSError."""
        launcher, folder = source / "rowhouse", source / "rowhouse.d"
        if not launcher.is_file() or not folder.is_dir():
            raise PluginMissing(f"{source} has no plugin: `make plugin` builds one")
        durable.make_folder(self.bin_dir, 0o755)
        durable.sweep(self.bin_dir)
        digest = digest_of(folder)
        target = self.bin_dir / f"rowhouse.d-{digest}"
        if os.path.lexists(target) and not is_intact(target, digest):
            durable.remove(target)  # it was changed: a version is never repaired in place
        if not target.is_dir():
            durable.copy_tree(folder, target)
        old = self.link.readlink() if self.link.is_symlink() else None
        if old is not None and str(old) != target.name and (self.bin_dir / old).is_dir():
            os.utime(self.bin_dir / old)  # its retention begins now
        durable.point(self.link, target.name)
        content = launcher.read_bytes()
        durable.write(self.launcher, content, 0o755)
        if as_whereabouts:
            self.take_whereabouts(content)
        else:
            self.give_whereabouts_back()
        self.remove_superseded()

    def take_whereabouts(self, content: bytes) -> None:
        """Install the launcher as whereabouts; keep the previous file under another name."""
        if os.path.lexists(self.whereabouts) and not is_ours(self.whereabouts):
            durable.keep(self.whereabouts, self.original)
        durable.write(self.whereabouts, content, 0o755)

    def give_whereabouts_back(self) -> None:
        """Restore the previous file; do nothing if the present one is not ours."""
        if is_ours(self.whereabouts):
            if os.path.lexists(self.original):
                self.original.rename(self.whereabouts)
                durable.flush(self.bin_dir)
            else:
                durable.remove(self.whereabouts)
        elif os.path.lexists(self.whereabouts):
            durable.remove(self.original)  # a later installation of whereabouts wins

    def remove_superseded(self, *, older: float = KEPT) -> None:
        """Remove superseded folders once no call can still use them."""
        in_use = str(self.link.readlink()) if self.link.is_symlink() else ""
        for folder in self.bin_dir.glob("rowhouse.d-*"):
            if folder.name != in_use and time.time() - folder.stat().st_mtime >= older:
                durable.remove(folder)

    def uninstall(self) -> None:
        """Remove everything; do nothing if nothing is there."""
        if not self.bin_dir.is_dir():
            return
        durable.sweep(self.bin_dir)
        self.give_whereabouts_back()
        if is_ours(self.launcher):
            durable.remove(self.launcher)
        if self.link.is_symlink():
            durable.remove(self.link)
        self.remove_superseded(older=float("-inf"))

    def is_stand_in_replaced(self, *, was_installed: bool) -> bool:
        """Whether another file has the name ``whereabouts`` where our launcher was before.

        After a restart of the daemon the kept original is the only trace of ours.
        """
        was_ours = was_installed or os.path.lexists(self.original)
        return was_ours and os.path.lexists(self.whereabouts) and not is_ours(self.whereabouts)

    def version(self) -> str:
        """The version in use, as its folder states it; empty if it states none."""
        try:
            with (self.link / "version").open("rb") as file:
                text = file.read(80).decode().strip()
        except (OSError, ValueError):
            return ""
        return text if VERSION.fullmatch(text) else ""

    def problem(self, *, as_whereabouts: bool) -> str:
        """The problem of the host's copy, whatever its version; empty if there is none."""
        for file in (self.launcher, *([self.whereabouts] if as_whereabouts else [])):
            if not is_ours(file):
                return f"{file} is not our launcher"
        if not self.link.is_dir():
            return f"{self.link} is not there"
        return ""


def is_ours(file: Path) -> bool:
    """Whether this is a launcher of Rowhouse, of any version."""
    try:
        if not file.is_file() or file.stat().st_size > MAX_LAUNCHER:
            return False
        return MARK in file.read_bytes()
    except OSError:
        return False


def is_intact(folder: Path, digest: str) -> bool:
    """Whether this is a folder with that content, not a link, and not writable by other users."""
    if folder.is_symlink() or not folder.is_dir() or digest_of(folder) != digest:
        return False
    owners = {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}
    return owners <= {0, os.geteuid()}


def digest_of(folder: Path) -> str:
    """A name for a folder's content: paths, modes and bytes."""
    total = hashlib.sha256()
    for path in (folder, *sorted(folder.rglob("*"))):
        name = str(path.relative_to(folder)).encode()
        if path.is_symlink() and path != folder:
            total.update(b"l %b\0%b\0" % (name, os.fsencode(path.readlink())))
            continue
        total.update(b"%b\0%o\0" % (name, path.stat().st_mode & 0o7777))
        if path.is_file():
            total.update(b"f %b" % hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]
