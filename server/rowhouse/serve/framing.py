"""Find the end of a request (RFC 9112, sections 2.1 and 6), only to know when it is complete.

gunicorn's parser reads the same bytes again and refuses malformed requests, so those count as complete here.
"""

from __future__ import annotations

import re
from typing import Final

MAX_HEAD: Final = 64 * 1024
"""Bytes of a request line and its header fields."""

MAX_REQUEST: Final = MAX_HEAD + 1024 * 1024
"""Bytes of a whole request: no body may have more than 1 MiB."""

_MAX_CHUNK_LINE: Final = 8192
_LENGTH: Final = re.compile(rb"\r\ncontent-length[ \t]*:([^\r\n]*)", re.IGNORECASE)
_CODING: Final = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_EXPECTS: Final = re.compile(rb"\r\nexpect[ \t]*:[ \t]*100-continue", re.IGNORECASE)
_HEXADECIMAL: Final = re.compile(rb"[0-9a-fA-F]+")
_MOST_DIGITS: Final = 15
"""The maximum number of digits of a length; a longer one is too large."""


_TLS_HANDSHAKE: Final = 0x16
"""The first byte of a TLS ClientHello (RFC 8446, section 5.1); no method of HTTP begins with it."""


class RefusedError(Exception):
    """The request is refused before it is complete; `status` is the status line."""

    def __init__(self, status: bytes) -> None:
        super().__init__(status)
        self.status = status


class Framing:
    """Finds the end of one request in bytes that arrive piece by piece, reading each of them once.

    `oversized`, once it is complete: its body is too large and will not be read.
    """

    def __init__(self) -> None:
        self.oversized = False
        self.expects_continue = False
        self._seen = 0
        self._end: int | None = None
        self._chunk: int | None = None

    def is_whole(self, received: bytearray) -> bool:
        """Whether the request at the start of `received` is complete.

        Raises RefusedError if it is refused.
        """
        if self._seen == 0 and received[:1] == bytes([_TLS_HANDSHAKE]):
            # A TLS client would hang until its own timeout.
            raise RefusedError(b"400 This port serves http, not https")
        if self._end is None and self._chunk is None and not self._has_head(received):
            return False
        if self._chunk is not None:
            return self._has_last_chunk(received, self._chunk)
        return self.oversized or len(received) >= (self._end or 0)

    def _has_head(self, received: bytearray) -> bool:
        head = received.find(b"\r\n\r\n", max(0, self._seen - 3), MAX_HEAD)
        self._seen = len(received)
        if head < 0:
            if len(received) >= MAX_HEAD:
                raise RefusedError(b"431 Request Header Fields Too Large")
            return False
        body = head + 4
        lengths = [value.strip() for value in _LENGTH.findall(received, 0, body)]
        self.expects_continue = _EXPECTS.search(received, 0, body) is not None
        if _CODING.search(received, 0, body):
            self._chunk = body
        elif len(lengths) == 1 and lengths[0].isdigit():
            self._end = body + int(lengths[0].lstrip(b"0")[:_MOST_DIGITS] or b"0")
            self.oversized = self._end > MAX_REQUEST
        else:
            self._end = body
        return True

    def _has_last_chunk(self, received: bytearray, chunk: int) -> bool:
        """Whether the chunk of size 0 and its trailers are there; `chunk` is where the next one begins."""
        while (line_end := received.find(b"\r\n", chunk)) >= 0:
            size = bytes(received[chunk:line_end]).partition(b";")[0].strip()
            if not _HEXADECIMAL.fullmatch(size):
                return True
            if int(size, 16) == 0:
                # An empty trailer section, or one that ends with an empty line.
                if received.find(b"\r\n\r\n", line_end) >= 0:
                    return True
                break
            self._chunk = chunk = line_end + 2 + int(size, 16) + 2
            if chunk > MAX_REQUEST:
                break
        else:
            if len(received) - chunk > _MAX_CHUNK_LINE:
                return True
        if max(len(received), chunk) >= MAX_REQUEST:
            raise RefusedError(b"413 Content Too Large")
        return False
