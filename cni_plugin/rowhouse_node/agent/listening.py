"""The agent's unix socket, which is always in its place.

A new socket gets a temporary name and takes over by a rename. A plugin that waited in vain renames it (see
rowhouse_cni/agent.py); `check` puts it back.
"""

import os
import socket
import struct
import time
from pathlib import Path

from rowhouse_cni.agent import HUNG
from rowhouse_node import durable

BACKLOG = 1024
PEER = struct.Struct("3i")
LOOK_SECONDS = 1.0  # between two looks whether another agent, which has our place, still listens


class Listener:
    """A listening socket at a path of its own."""

    def __init__(self, path: Path) -> None:
        """Raise OSError."""
        self.path = path
        self._aside = Path(str(path) + HUNG)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._identity: tuple[int, int] | None = None
        self._looked = float("-inf")  # when: time.monotonic()
        try:
            durable.make_folder(path.parent, 0o700)
            self._bind()
        except OSError:
            self.sock.close()
            raise

    def _bind(self) -> None:
        temporary = durable.temporary(self.path).with_name(f".{os.getpid()}.{id(self.sock)}")
        temporary.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self.sock.bind(str(temporary))
        finally:
            os.umask(mask)
        try:
            self.sock.listen(BACKLOG)
            self._identity = identity_of(temporary)
            temporary.rename(self.path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def accept(self) -> socket.socket | None:
        """Accept a plugin; return None if its user may not call."""
        connection, _ = self.sock.accept()
        if is_trusted(connection):
            return connection
        connection.close()
        return None

    def check(self) -> bool:
        """Put the socket back if a plugin has renamed it. False if it is lost: open another."""
        found = identity_of(self.path)
        if found == self._identity:
            return True
        if found is not None:
            now = time.monotonic()
            if now < self._looked + LOOK_SECONDS:
                return True
            if is_served(self.path):
                self._looked = now
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


def is_trusted(peer: socket.socket) -> bool:
    """Whether root or our own user is at the other end."""
    _, uid, _ = PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
    return uid in (0, os.geteuid())


def is_served(path: Path) -> bool:
    """Whether an agent of root or of our own user listens there, be it a hanging one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(0)
        try:
            attempt.connect(str(path))
        except BlockingIOError:
            return True  # its queue is full
        except OSError:
            return False  # the agent was killed, or it is another file
        return is_trusted(attempt)


def identity_of(path: Path) -> tuple[int, int] | None:
    """The identity of the file with this name; None if there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
