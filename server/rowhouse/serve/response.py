"""Run the application for one request, and send the headers together with the start of the body.

gunicorn sends them separately: two segments, which wake the client twice.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from gunicorn.http import wsgi
from gunicorn.util import close_graceful, write_chunk

from rowhouse.app import ARRIVED_AT
from rowhouse.serve.body import Body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)


def answer(
    application: Callable[..., Iterable[bytes]], req: Any, conn: Any, cfg: Any, *, close: bool
) -> bool:
    """Answer a request; return whether the connection stays open for another one, which `close` prevents.

    Raises OSError if the client is gone, StopIteration (gunicorn's convention) if the application failed after the
    headers were sent, and the application's own exception if it failed before.
    """
    # Expect: 100-continue was already handled while the body arrived, and an oversized body is not read.
    req._expected_100_continue = False  # noqa: SLF001 - gunicorn would send it now
    response, environ = wsgi.create(
        req, conn.sock, conn.client, conn.server, cfg, response_class=OneWriteResponse
    )
    environ["wsgi.multithread"] = True
    environ["wsgi.input"] = Body(req.body)
    environ[ARRIVED_AT] = conn.queued_at
    if close:
        response.force_close()
    try:
        body = application(environ, response.start_response)
        try:
            if isinstance(body, wsgi.FileWrapper):
                response.write_file(body)
            else:
                for piece in body:
                    response.write(piece)
            response.close()
        finally:
            if hasattr(body, "close"):
                body.close()
    except OSError:
        raise
    except Exception:
        if not response.headers_sent:
            raise
        log.exception("Error handling request")
        close_graceful(conn.sock)
        raise StopIteration from None
    return not response.should_close()


class _Held:
    """Collects the bytes that gunicorn writes to a socket."""

    def __init__(self) -> None:
        self.taken = b""

    def sendall(self, data: bytes) -> None:
        self.taken += data


class OneWriteResponse(wsgi.Response):
    """A gunicorn response that holds back its headers until there is data to send with them."""

    def __init__(self, req: Any, sock: Any, cfg: Any) -> None:
        super().__init__(req, sock, cfg)
        self._head = b""

    def send_headers(self) -> None:
        """Build the headers without sending them."""
        if self.headers_sent:
            return
        wire, held = self.sock, _Held()
        self.sock = held  # type: ignore[assignment]  # gunicorn only calls sendall()
        try:
            super().send_headers()
        finally:
            self.sock = wire
        self._head = held.taken

    def sendfile(self, respiter: Any) -> bool:
        """Send a file. The kernel copies it to the socket."""
        self.send_headers()
        self._flush()
        return bool(super().sendfile(respiter))

    def close(self) -> None:
        """Send the headers, if they were not sent yet, and the end of the body."""
        self.send_headers()
        self._flush()
        if self.chunked:
            write_chunk(self.sock, b"")

    def _emit_body(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if self.chunked:
            data = b"%X\r\n%b\r\n" % (len(data), data)
        self.sock.sendall(head + data)

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head:
            self.sock.sendall(head)
