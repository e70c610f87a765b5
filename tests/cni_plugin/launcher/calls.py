"""Calls of the launcher and of rowhouse_cni, compared."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from cni_plugin.scripted import (
    Behaviour,
    Request,
    good,
    serving,
)

if TYPE_CHECKING:
    from pathlib import Path

    from cni_plugin.node import Node, Outcome

COMMANDS = ("ADD", "DEL", "CHECK", "STATUS", "GC")
NETCONF = b'{"cniVersion": "1.0.0", "name": "n", "type": "ipvlan", "ipam": {"type": "rowhouse"}}'
NOT_INSTALLED = 999  # what the launcher says where it would execute rowhouse_cni


def written(node: Node, agent: Path, server: str, **more: str | float) -> None:
    """The settings, as the daemon writes them."""
    node.configure(server, agent=agent, node="node-1", cluster="prod-a", **more)
    text = node.settings.read_text()
    node.settings.write_text(f"# Written by rowhouse-node: changes are overwritten.\n{text}")


def fields(request: Request) -> list[tuple[bytes, bytes]]:
    """The headers that are the same in each try."""
    varying = {b"Host", b"Rowhouse-Deadline", b"Rowhouse-Call", b"Rowhouse-Timeout"}
    return [(name, value) for name, value in request.headers if name not in varying]


def result(outcome: Outcome) -> tuple[int, bytes, bytes]:
    return outcome.exit_status, outcome.stdout, outcome.stderr


def both(
    node: Node, agent: Path, bundle: Path, behave: Behaviour, **call: Any
) -> tuple[list[Request], list[Request]]:
    """Call rowhouse_cni, then the launcher; they must do the same. What each sent to the agent, and to the server."""
    calls, asked = [], []
    for program in (None, [str(bundle / "rowhouse")]):
        with serving(behave, at=agent) as through, serving(good) as server:
            text = node.settings.read_text()
            lines = [line for line in text.splitlines() if not line.startswith("server")]
            node.settings.write_text("\n".join([*lines, f"server = {server.url}"]) + "\n")
            outcome = node.call(program=program, **call)
        for path in (agent, agent.with_name(agent.name + ".hung")):
            path.unlink(missing_ok=True)
        kept = node.kept
        shutil.rmtree(node.spool, ignore_errors=True)
        calls.append((*result(outcome), kept))
        asked.append((through.requests, server.requests))
    assert calls[0] == calls[1]
    for first, second in zip(*asked, strict=True):
        assert [(one.line, fields(one), one.body) for one in second[-1:]] == [
            (one.line, fields(one), one.body) for one in first[-1:]
        ]
    return asked[1]
