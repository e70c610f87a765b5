"""The body of a request as the application reads it.

gunicorn detects a malformed body only while the application reads it, and raises its own exceptions, which look like
failures of the application. WSGI expects an OSError instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import ParseException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Body:
    """Wraps gunicorn's `wsgi.input`. Reading raises OSError if the body is malformed or does not arrive."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """Read at most `size` bytes (None: all); b"" at the end."""
        return _read(self._body.read, size)

    def readline(self, size: int | None = None) -> bytes:
        """Read a line with its line break, at most `size` bytes; b"" at the end."""
        return _read(self._body.readline, size)

    def readlines(self, _hint: int | None = None) -> list[bytes]:
        """Read all remaining lines."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")


def _read(read: Callable[[int | None], bytes], size: int | None) -> bytes:
    try:
        return read(size)
    except ParseException as error:
        raise OSError(f"malformed body: {error}") from error
