"""The agent's unix socket, which is always in its place.

A new socket gets a temporary name and takes over by a rename. A plugin that waited in vain renames it (see
rowhouse_cni/agent.py); `check` puts it back.
"""

import os
import socket
import struct
from pathlib import Path

from rowhouse_cni.agent import HUNG
from rowhouse_node import durable

BACKLOG = 1024
PEER = struct.Struct("3i")


class Listener:
    """A listening socket at a path of its own."""

    def __init__(self, path: Path) -> None:
        """Raise OSError."""
        self.path = path
        self._aside = Path(str(path) + HUNG)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._identity: tuple[int, int] | None = None
        durable.make_folder(path.parent, 0o700)
        self._bind()

    def _bind(self) -> None:
        temporary = durable.temporary(self.path).with_name(f".{os.getpid()}.{id(self.sock)}")
        temporary.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self.sock.bind(str(temporary))
        finally:
            os.umask(mask)
        self.sock.listen(BACKLOG)
        self._identity = identity_of(temporary)
        temporary.rename(self.path)

    def accept(self) -> socket.socket | None:
        """Accept a plugin; return None if its user may not call."""
        connection, _ = self.sock.accept()
        _, uid, _ = PEER.unpack(
            connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
        )
        if uid in (0, os.geteuid()):
            return connection
        connection.close()
        return None

    def check(self) -> bool:
        """Put the socket back if a plugin has renamed it. False if it is lost: open another."""
        if identity_of(self.path) == self._identity:
            return True
        if identity_of(self.path) is not None and identity_of(self._aside) != self._identity:
            return True  # another agent was started later, and has taken over
        if identity_of(self._aside) == self._identity:
            self._aside.rename(self.path)
            return True
        return False

    def withdraw(self) -> None:
        """Remove the socket's name: from now on, plugins call the servers directly."""
        for path in (self.path, self._aside):
            if identity_of(path) == self._identity:
                path.unlink(missing_ok=True)


def identity_of(path: Path) -> tuple[int, int] | None:
    """The identity of the file with this name; None if there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
