"""Secrets in the binary form in which helm sends its own: Kubernetes' envelope and protocol buffers.

Field numbers: k8s.io/apimachinery, runtime/generated.proto and meta/v1/generated.proto; k8s.io/api,
core/v1/generated.proto.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chart.manifests import Object

MAGIC = b"k8s\x00"


def secret(body: bytes) -> Object:
    """A Secret as JSON would have it, as far as helm fills it in."""
    unknown = fields(body.removeprefix(MAGIC))
    found = fields(unknown[2][0])
    metadata = fields(found[1][0])
    data = {key: base64.b64encode(value).decode() for key, value in pairs(found.get(2, []))}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": found[3][0].decode(),
        "metadata": {
            "name": metadata[1][0].decode(),
            "namespace": metadata[3][0].decode() if 3 in metadata else "",
            "labels": {key: value.decode() for key, value in pairs(metadata.get(11, []))},
        },
        "data": data,
    }


def pairs(entries: list[bytes]) -> list[tuple[str, bytes]]:
    """A map: key in field 1, value in field 2 of each entry."""
    found = [fields(entry) for entry in entries]
    return [(one[1][0].decode(), one.get(2, [b""])[0]) for one in found]


def fields(message: bytes) -> dict[int, list[bytes]]:
    """The fields of a message that hold bytes; numbers are passed over."""
    found: dict[int, list[bytes]] = {}
    place = 0
    while place < len(message):
        tag, place = varint(message, place)
        if tag & 7 == 0:
            _, place = varint(message, place)
            continue
        assert tag & 7 == 2, f"wire type {tag & 7}"
        size, place = varint(message, place)
        found.setdefault(tag >> 3, []).append(message[place : place + size])
        place += size
    return found


def varint(message: bytes, place: int) -> tuple[int, int]:
    """A number, and where it ends."""
    number = shift = 0
    while True:
        byte = message[place]
        place += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, place
