"""Damaged answers and odd environments: the launcher does what rowhouse_cni would, or leaves it to it."""

from __future__ import annotations

import json
import os
import random
import time
from typing import TYPE_CHECKING

import pytest

from cni_plugin.node import ENVIRONMENT, Node
from cni_plugin.scripted import (
    RESULT,
    Request,
    good,
    serving,
)
from rowhouse_cni.agent import ask_agent
from rowhouse_cni.client import identity_lines
from rowhouse_cni.environment import Call
from rowhouse_cni.errors import CniError
from rowhouse_cni.settings import load

if TYPE_CHECKING:
    import socket
    from pathlib import Path

from cni_plugin.launcher.calls import COMMANDS, NETCONF, written

SEED = 20


def mutated(content: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, removed, repeated or put in."""
    for _ in range(chance.randint(1, 2)):
        at, size = chance.randrange(len(content) + 1), chance.randint(1, 8)
        middle = chance.choice(
            [
                b"",
                content[at : at + size] * 2,
                chance.randbytes(size),
                b"\r\n",
                b"\0",
                b"9",
                b"\xff",
            ]
        )
        content = content[:at] + middle + content[at + size :]
    return content


def test_what_it_takes_for_an_answer_rowhouse_cni_takes_for_the_same(
    node: Node, agent: Path, watched: list[str]
) -> None:
    """300 damaged answers: it never crashes, and may only be stricter."""
    chance = random.Random(SEED)
    state: dict[str, bytes] = {}

    def behave(connection: socket.socket, request: Request) -> None:
        call = request.get("Rowhouse-Call") or b""
        connection.sendall(state["answer"].replace(b"CALL", call))

    written(node, agent, "https://127.0.0.1:9", timeout=20)
    settings = load({b"ROWHOUSE_CONFIG": os.fsencode(node.settings)})
    error = json.dumps({"cniVersion": "1.0.0", "code": 11, "msg": "no"}).encode()
    head = b"HTTP/1.1 %d Answer\r\nRowhouse-Answer: CALL\r\nContent-Length: %d\r\n\r\n%b"
    beat = b"HTTP/1.1 102 Processing\r\n\r\n"
    starts = [
        (command, prefix + head % (status, len(body), body))
        for command in ("ADD", "DEL")
        for prefix in (b"", beat)
        for status, body in ((200, RESULT), (200, b""), (400, error), (202, b"later"))
    ]
    served = 0
    with serving(behave, at=agent):
        for number in range(300):
            command, whole = starts[number % len(starts)]
            state["answer"] = mutated(whole, chance) if number >= len(starts) else whole
            environment = {**ENVIRONMENT, "CNI_COMMAND": command}
            call = Call({os.fsencode(k): os.fsencode(v) for k, v in environment.items()})
            lines = call.headers + identity_lines(settings)
            expected = ask_agent(settings, command, lines, NETCONF, time.monotonic() + 20)
            outcome = node.call(command, program=watched, netconf=NETCONF)
            assert outcome.exit_status in {0, 1}, state["answer"]
            if b'"code": 999' in outcome.stdout:
                continue
            served += 1
            assert expected is not None, state["answer"]
            if expected.status == 202:
                assert (outcome.exit_status, outcome.stdout) == (0, b"")
            else:
                assert outcome.stdout == expected.body, state["answer"]
                assert outcome.exit_status == (expected.status != 200), state["answer"]
    assert served >= len(starts)


def test_what_it_sends_rowhouse_cni_would_send(node: Node, agent: Path, watched: list[str]) -> None:
    """300 odd environments: it never crashes, and may only be stricter."""
    chance = random.Random(SEED)
    written(node, agent, "https://127.0.0.1:9")
    settings = load({b"ROWHOUSE_CONFIG": os.fsencode(node.settings)})
    values: list[bytes | None] = [
        *(None, b"", b"a", b"..", b".", b"a b", b"a/b", b"a:b", b"\x7f", b"\xc3\xa9", b"\t", b" a"),
        *(
            b"x" * 15,
            b"x" * 16,
            b"x" * 512,
            b"x" * 513,
            b"x" * 4096,
            b"x" * 4097,
            b"x" * 8001,
            b"~",
        ),
    ]
    names = ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "CNI_PATH")
    sent = 0
    with serving(good, at=agent) as through:
        for _ in range(300):
            command = chance.choice(COMMANDS)
            changed = {
                name: chance.choice(values) for name in chance.sample(names, chance.randint(1, 2))
            }
            before = len(through.requests)
            outcome = node.call(command, program=watched, netconf=NETCONF, **changed)
            assert outcome.exit_status in {0, 1}
            if len(through.requests) == before:
                continue
            sent += 1
            environment = {
                os.fsencode(name): os.fsencode(value)
                for name, value in {**ENVIRONMENT, "CNI_COMMAND": command, **changed}.items()
                if value is not None
            }
            try:
                call = Call(environment)
            except CniError as refused:
                pytest.fail(f"{environment} was sent, but {refused}")
            expected = call.headers + identity_lines(settings)
            got = [b": ".join(pair) for pair in through.requests[-1].headers]
            assert [line for line in got if not line.startswith((b"Rowhouse-S", b"Rowhouse-D"))][
                1:-1
            ] == expected
    assert sent > 50
