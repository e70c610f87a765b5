"""The body of a request as the application reads it.

gunicorn finds out what is wrong with a body only when that is read, and says so by errors of its own, which
an application takes for its own failures. To WSGI a body that cannot be read is an OSError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import ParseException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Body:
    """`wsgi.input` over gunicorn's. Reading raises OSError when the body is malformed or does not come."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """At most `size` bytes, all without one; b"" at the end."""
        return _told(self._body.read, size)

    def readline(self, size: int | None = None) -> bytes:
        """A line with its end, at most `size` bytes of it; b"" at the end."""
        return _told(self._body.readline, size)

    def readlines(self, _hint: int | None = None) -> list[bytes]:
        """All lines that are left."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")


def _told(read: Callable[[int | None], bytes], size: int | None) -> bytes:
    try:
        return read(size)
    except ParseException as error:
        raise OSError(f"malformed body: {error}") from error
