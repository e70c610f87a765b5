"""Ways to make an ADD or a DEL: over HTTP as the plugin does, or straight on the database."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from rowhouse.domain.errors import NotReady, RowhouseError, TryAgain
from rowhouse.domain.requests import Owner, Sandbox
from rowhouse.ipam.attach import attach
from rowhouse.ipam.detach import detach

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from faults.journal import Phase
    from faults.pools import Pool
    from rowhouse.store.connection.database import Database

INTERFACE: Final = "net1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a call ended; `addresses` without prefix length."""

    phase: Phase
    addresses: tuple[str, ...] = ()
    code: int = 0
    message: str = ""


UNKNOWN: Final = Answer(phase="unknown")


class Caller(Protocol):
    """One client's way to the service. Never raises for what a fault can cause."""

    def add(self, pool: Pool, pod: str, container: str) -> Answer:
        """ADD of a sandbox of a pod."""

    def delete(self, pool: Pool, pod: str, container: str) -> Answer:
        """DEL of it."""

    def close(self) -> None:
        """Let go of what it holds."""


class OverHttp:
    """Speaks to servers over one connection that is kept; on trouble the next server, a new connection.

    Args:
        urls: asks for the servers at each new connection, as they may have moved.
        node: whose calls these are.
        seconds: after which an answer does not count any more.
        enter: called before each new connection, in the thread that makes it.
    """

    def __init__(
        self,
        urls: Callable[[], Sequence[str]],
        node: str,
        *,
        seconds: float,
        enter: Callable[[], None] = lambda: None,
    ) -> None:
        self._urls = urls
        self._enter = enter
        self._node = node
        self._seconds = seconds
        self._tries = 0
        self._socket: socket.socket | None = None

    def add(self, pool: Pool, pod: str, container: str) -> Answer:
        """ADD of a sandbox of a pod."""
        return self._call("ADD", pool, pod, container)

    def delete(self, pool: Pool, pod: str, container: str) -> Answer:
        """DEL of it."""
        return self._call("DEL", pool, pod, container)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _call(self, command: str, pool: Pool, pod: str, container: str) -> Answer:
        body = pool.netconf()
        head = (
            "POST /cni HTTP/1.1\r\nHost: rowhouse\r\nContent-Type: application/json\r\n"
            f"CNI-Command: {command}\r\nCNI-ContainerID: {container}\r\nCNI-IfName: {INTERFACE}\r\n"
            f"CNI-NetNS: /var/run/netns/{container}\r\nRowhouse-Node: {self._node}\r\n"
            f"CNI-Args: IgnoreUnknown=1;K8S_POD_NAMESPACE={pool.name};K8S_POD_NAME={pod}\r\n"
            f"Rowhouse-Timeout: {self._seconds}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            status, answer = self._exchange(head.encode() + body)
            document = json.loads(answer) if answer else {}
        except (OSError, ValueError):
            self.close()
            return UNKNOWN
        if status == 200:
            addresses = (one["address"].partition("/")[0] for one in document.get("ips", ()))
            return Answer(phase="ok", addresses=tuple(addresses))
        # What the server could not finish may have happened all the same.
        return Answer(
            phase="unknown" if status >= 500 else "failed",
            code=document["code"],
            message=f"{document.get('msg', '')} {document.get('details', '')}",
        )

    def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._socket is None:
            urls = self._urls()
            parts = urlsplit(urls[self._tries % len(urls)])
            self._tries += 1
            self._enter()
            self._socket = socket.create_connection(
                (parts.hostname or "", parts.port or 80), self._seconds
            )
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        received = b""
        while not _is_whole(received):
            piece = self._socket.recv(65536)
            if not piece:
                raise ConnectionError("the answer was cut short")
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        if b"connection: close" in head.lower():
            self.close()
        return int(head.split(b" ", 2)[1]), body


def _is_whole(answer: bytes) -> bool:
    """Whether all of an answer with a Content-Length is there."""
    head, complete, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
    return bool(complete) and len(body) >= int(length)


class OnDatabase:
    """Runs the use cases on a database, for experiments that need no server."""

    def __init__(self, store: Database, node: str) -> None:
        self._store = store
        self._node = node

    def add(self, pool: Pool, pod: str, container: str) -> Answer:
        """ADD of a sandbox of a pod."""
        owner = Owner(cluster="", namespace=pool.name, name=pod, interface=INTERFACE)
        try:
            given = attach(self._store, owner, self._sandbox(container), pool.requests())
        except RowhouseError as error:
            return _refusal(error)
        return Answer(phase="ok", addresses=tuple(one.address for one in given))

    def delete(self, _pool: Pool, _pod: str, container: str) -> Answer:
        """DEL of it."""
        try:
            detach(self._store, self._sandbox(container))
        except RowhouseError as error:
            return _refusal(error)
        return Answer(phase="ok")

    def close(self) -> None:
        """The caller that opened the database closes it."""

    def _sandbox(self, container: str) -> Sandbox:
        return Sandbox(cluster="", node=self._node, container_id=container, interface=INTERFACE)


def _refusal(error: RowhouseError) -> Answer:
    certain = error.http_status < 500 and not isinstance(error, TryAgain | NotReady)
    return Answer(phase="failed" if certain else "unknown", code=error.cni_code)
