"""DELs that are kept, and the answers after which they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cni_plugin.scripted import Behaviour, closed_port, raw, refusal, reply, reset

if TYPE_CHECKING:
    from cni_plugin.node import Node

ENTRY = "ctr-new@net1"
NOT_NOW: dict[str, Behaviour] = {
    "reset": reset,
    "bad gateway": reply(502, b"<html>"),
    "empty error": reply(500),
    "a proxy's refusal": reply(403, b"<html>"),
    "cut short": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
    "a page": reply(200, b"<html>welcome</html>"),
    "database away": refusal(503, 11),
    "a fault": refusal(500, 999),
    "token not accepted": refusal(401, 110),
    "too many requests": refusal(429, 11),
}


def keep(node: Node, /, *, container_id: str = "ctr-new", **options: Any) -> None:
    """Have one DEL kept."""
    with closed_port() as dead:
        node.configure(dead, **options)
        assert node.call("DEL", CNI_CONTAINERID=container_id).exit_status == 0
