"""Responses that outlive their request: the application claims the connection and gets it after the headers.

An event stream would occupy a thread while a page is open, so sixteen viewers could block a server with sixteen
threads. Instead, the thread writes the headers and is free again; the claimant of the connection writes the rest, chunk
by chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowhouse.web.live import CLAIM

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Iterator

    Taker = Callable[[socket.socket], None]


class Claims:
    """Connections that are claimed but not yet handed over."""

    def __init__(self) -> None:
        self._takers: dict[int, Taker] = {}

    def offering(self, application: Callable[..., Iterable[bytes]]) -> Callable[..., Any]:
        """Wrap the WSGI application so that it can claim the connection of each request."""

        def offer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            taken: list[Taker] = []
            environ[CLAIM] = taken.append
            body = application(environ, start_response)
            if not taken:
                return body
            return self._head_only(body, environ["gunicorn.socket"], start_response, taken[0])

        return offer

    def holds(self, connection: socket.socket) -> bool:
        """Whether the connection is claimed."""
        return id(connection) in self._takers

    def pop(self, connection: socket.socket) -> Taker | None:
        """Return the claimant of a connection whose request has ended."""
        return self._takers.pop(id(connection), None)

    def _head_only(
        self, body: Iterable[bytes], connection: socket.socket, start_response: Any, taker: Taker
    ) -> Iterator[bytes]:
        yield from body
        # gunicorn must neither write the last chunk nor wait for another request.
        response = start_response.__self__
        if response.chunked:
            response.chunked = False
            self._takers[id(connection)] = taker
        response.force_close()
