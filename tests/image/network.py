"""A network namespace of the test's own: all ports are free there, and those of the manifests are used."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

_NEW_NETWORK = 0x40000000


@contextlib.contextmanager
def namespace(name: str) -> Iterator[None]:
    """A namespace with nothing but loopback, until the end."""
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def listening(name: str, port: int) -> socket.socket:
    """A socket that listens on loopback of a namespace; its holder may be anywhere."""
    made: list[socket.socket] = []

    def listen() -> None:
        with open(f"/run/netns/{name}") as there:  # noqa: PTH123 - its descriptor is wanted
            if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), _NEW_NETWORK):
                raise OSError(ctypes.get_errno(), "setns")
        made.append(socket.create_server(("127.0.0.1", port)))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    return made[0]


@contextlib.contextmanager
def tls_in_front(listener: socket.socket, context: ssl.SSLContext, url: str) -> Iterator[None]:
    """Speak TLS on a listener, and pass each connection on to the server of a URL."""
    over = threading.Event()
    behind = urlsplit(url)

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                accepted, _ = listener.accept()
                threading.Thread(target=connect, args=(accepted,), daemon=True).start()

    def connect(accepted: socket.socket) -> None:
        there = (str(behind.hostname), int(behind.port or 0))
        with (
            contextlib.suppress(OSError),
            context.wrap_socket(accepted, server_side=True) as peer,
            socket.create_connection(there) as server,
        ):
            back = threading.Thread(target=pump, args=(server, peer), daemon=True)
            back.start()
            pump(peer, server)
            back.join()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


def pump(source: socket.socket, target: socket.socket) -> None:
    """All that comes from one goes to the other."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def unique() -> str:
    """A name for a namespace."""
    return f"rowhouse-image-{os.getpid()}"
