"""`kubectl exec`, the server's side: RFC 6455 with the channels of v5.channel.k8s.io."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import BinaryIO

PROTOCOL: Final = "v5.channel.k8s.io"
STDIN, STDOUT, STDERR, ERROR, CLOSE = 0, 1, 2, 3, 255
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BINARY, _CLOSED = 2, 8


def accept(key: str) -> str:
    """The answer to Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()


def send(out: BinaryIO, channel: int, content: bytes) -> None:
    """A message on a channel."""
    for begin in range(0, len(content), 16000):
        _frame(out, _BINARY, bytes([channel]) + content[begin : begin + 16000])


def finish(out: BinaryIO, status: int) -> None:
    """Say how the command ended, and close."""
    said: dict[str, object] = {"metadata": {}, "status": "Success"}
    if status != 0:
        cause = {"reason": "ExitCode", "message": str(status)}
        said = {
            "metadata": {},
            "status": "Failure",
            "message": f"command terminated with non-zero exit code: exit status {status}",
            "reason": "NonZeroExitCode",
            "details": {"causes": [cause]},
        }
    send(out, ERROR, json.dumps(said).encode())
    _frame(out, _CLOSED, struct.pack("!H", 1000))
    out.flush()


def stdin_of(source: BinaryIO) -> bytes:
    """What the client sends until it closes its standard input."""
    found = b""
    while True:
        head = source.read(2)
        if len(head) < 2 or head[0] & 15 == _CLOSED:
            return found
        size = head[1] & 127
        if size >= 126:
            size = int.from_bytes(source.read(2 if size == 126 else 8))
        mask = source.read(4) if head[1] & 128 else b"\0" * 4
        content = bytes(byte ^ mask[i % 4] for i, byte in enumerate(source.read(size)))
        if content[:1] == bytes([CLOSE]):
            return found
        if content[:1] == bytes([STDIN]):
            found += content[1:]


def _frame(out: BinaryIO, opcode: int, content: bytes) -> None:
    size = len(content)
    if size < 126:
        head = bytes([0x80 | opcode, size])
    elif size < 65536:
        head = bytes([0x80 | opcode, 126]) + size.to_bytes(2)
    else:
        head = bytes([0x80 | opcode, 127]) + size.to_bytes(8)
    out.write(head + content)
