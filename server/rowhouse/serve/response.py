"""Run the application for one request, and produce its answer no faster than the client reads it.

gunicorn writes to the socket in the request thread and waits for the client there. Here the answer goes to a buffer. A
body that is larger than the buffer is produced in steps, and between two steps no thread is occupied.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from gunicorn.http import wsgi

from rowhouse.app import ARRIVED_AT
from rowhouse.serve.body import Body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rowhouse.serve.outgoing import Outgoing

log = logging.getLogger(__name__)

_HIGH_WATER: Final = 64 * 1024
"""Bytes in the buffer of a connection at which its answer is produced no further."""


class CutOffError(Exception):
    """The application failed after the start of the answer, which therefore ends before its end."""


class Answer:
    """The answer to a request, of which the application may still have to produce the rest."""

    def __init__(self, response: wsgi.Response, body: Iterable[bytes]) -> None:
        self._response = response
        self._body = body
        self._pieces = iter(body)

    def produce(self, out: Outgoing) -> bool:
        """Produce pieces until many bytes wait in `out`; return whether that was all.

        Raises CutOffError, and the application's own exception if it failed before the headers.
        """
        response = self._response
        try:
            for piece in self._pieces:
                response.write(piece)
                if out.size >= _HIGH_WATER and response.sent != response.response_length:
                    return False
            response.close()
        except Exception as error:
            self.close()
            if not response.headers_sent:
                raise
            log.exception("Error handling request")
            raise CutOffError from error
        self.close()
        return True

    def close(self) -> None:
        """Let the application release what the answer holds."""
        body, self._body = self._body, ()
        if hasattr(body, "close"):
            body.close()

    @property
    def keeps(self) -> bool:
        """Whether the connection stays open for another request."""
        return not self._response.should_close()


def begin(
    application: Callable[..., Iterable[bytes]], req: Any, conn: Any, cfg: Any, *, close: bool
) -> Answer:
    """Run the application for a request. `close`: the connection ends after this answer.

    Raises the application's own exception.
    """
    # Expect: 100-continue was already handled while the body arrived, and an oversized body is not read.
    req._expected_100_continue = False  # noqa: SLF001 - gunicorn would send it now
    response, environ = wsgi.create(req, conn.out, conn.client, conn.server, cfg)
    environ["gunicorn.socket"] = conn.sock
    environ["wsgi.multithread"] = True
    environ["wsgi.input"] = Body(req.body)
    environ[ARRIVED_AT] = conn.queued_at
    # Without it, gunicorn's wrapper would wait for the client in the kernel's sendfile().
    del environ["wsgi.file_wrapper"]
    if close:
        response.force_close()
    return Answer(response, application(environ, response.start_response))
