"""The launcher serves the usual call through the agent by itself, exactly as rowhouse_cni would."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from cni_plugin.node import ENVIRONMENT, Node, Outcome
from cni_plugin.scripted import (
    RESULT,
    Behaviour,
    Request,
    closed_port,
    good,
    raw,
    refusal,
    reply,
    reset,
    serving,
    silent,
)
from rowhouse_cni.agent import ask_agent
from rowhouse_cni.client import identity_lines
from rowhouse_cni.environment import Call
from rowhouse_cni.errors import CniError
from rowhouse_cni.plugin import begun_at
from rowhouse_cni.settings import load
from rowhouse_node.options import parse
from rowhouse_node.supplies import settings_text

if TYPE_CHECKING:
    import socket
    from pathlib import Path

COMMANDS = ("ADD", "DEL", "CHECK", "STATUS", "GC")
NETCONF = b'{"cniVersion": "1.0.0", "name": "n", "type": "ipvlan", "ipam": {"type": "rowhouse"}}'
NOT_INSTALLED = 999  # what the launcher says where it would execute rowhouse_cni
SEED = 20


@pytest.fixture(params=["bundle", "sanitized"])
def watched(request: pytest.FixtureRequest) -> list[str]:
    """The launcher without rowhouse_cni: as built, and with sanitizers, which end it by a signal."""
    if request.param == "sanitized":
        return [str(request.getfixturevalue("sanitized"))]
    return list(request.getfixturevalue("alone"))


@pytest.fixture
def alone(bundle: Path, tmp_path: Path) -> list[str]:
    """The launcher without rowhouse_cni."""
    folder = tmp_path / "alone"
    folder.mkdir()
    shutil.copy(bundle / "rowhouse", folder)
    return [str(folder / "rowhouse")]


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    return tmp_path / "agent.sock"


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


@pytest.mark.parametrize("command", COMMANDS)
def test_it_serves_a_call_without_an_interpreter(
    node: Node, agent: Path, alone: list[str], command: str
) -> None:
    written(node, agent, "https://127.0.0.1:9")
    with serving(good, at=agent) as through:
        python = node.call(command, netconf=NETCONF)
        launcher = node.call(command, netconf=NETCONF, program=alone)
    assert result(launcher) == result(python)
    first, second = through.requests
    assert (second.line, second.body) == (first.line, first.body)
    assert fields(second) == fields(first)
    deadlines = [float(one.get("Rowhouse-Deadline") or 0) for one in (first, second)]
    assert deadlines[0] < deadlines[1] < time.monotonic() + 5
    numbers = [int(one.get("Rowhouse-Call") or b"", 16) for one in (first, second)]
    assert numbers[0] < numbers[1] < time.monotonic_ns()


def interim(connection: socket.socket, request: Request) -> None:
    for _ in range(3):
        connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
    good(connection, request)


def in_pieces(connection: socket.socket, request: Request) -> None:
    call = request.get("Rowhouse-Call") or b""
    head = b"HTTP/1.1 200 Answer\r\nRowhouse-Answer: %b\r\nContent-Length: %d\r\n\r\n"
    answer = b"HTTP/1.1 102 Processing\r\n\r\n" + head % (call, len(RESULT)) + RESULT
    for byte in answer:
        connection.sendall(bytes([byte]))


@pytest.mark.parametrize(
    ("behave", "call"),
    [
        (good, {}),
        (interim, {}),
        (in_pieces, {}),
        (refusal(400, 101, "taken"), {}),
        (refusal(503, 11, "busy"), {}),
        (refusal(403, 110, "not yours"), {"command": "DEL"}),
        (reply(202, b"no server \x1b[31m"), {"command": "DEL"}),
        (good, {"CNI_ARGS": None}),
        (good, {"command": "DEL", "CNI_NETNS": None, "CNI_ARGS": ""}),
        (good, {"command": "STATUS", "CNI_CONTAINERID": None, "CNI_IFNAME": None}),
        (good, {"command": "GC", "CNI_CONTAINERID": "what ever/", "CNI_IFNAME": "a b"}),
        (good, {"netconf": b""}),
        (good, {"netconf": b"x" * 65536}),
    ],
    ids=range(13),
)
def test_what_it_serves_is_as_rowhouse_cni_serves_it(
    node: Node, agent: Path, alone: list[str], behave: Behaviour, call: dict[str, Any]
) -> None:
    written(node, agent, "https://127.0.0.1:9", direct="false")
    with serving(behave, at=agent) as through:
        python = node.call(**{"netconf": NETCONF, **call})
        launcher = node.call(program=alone, **{"netconf": NETCONF, **call})
    assert result(launcher) == result(python)
    assert fields(through.requests[1]) == fields(through.requests[0])
    assert through.requests[1].body == through.requests[0].body


@pytest.mark.parametrize(
    "call",
    [
        {"CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAME=" + "x" * 5000},
        {"CNI_ARGS": "K8S_POD_NAME=é"},
        {"CNI_ARGS": "a\nb"},
        {"command": "DEL", "CNI_ARGS": "a\nb"},
        {"CNI_ARGS": b"\xff"},
        {"CNI_CONTAINERID": None, "CNI_IFNAME": None},
        {"CNI_CONTAINERID": "-c"},
        {"CNI_CONTAINERID": "c" * 513},
        {"CNI_IFNAME": ".."},
        {"CNI_IFNAME": "a" * 16},
        {"CNI_IFNAME": "a/b"},
        {"CNI_PATH": None},
        {"command": "DEL", "CNI_PATH": None},
        {"CNI_NETNS": None},
        {"CNI_NETNS": "/proc/self/ns/net"},
        {"CNI_NETNS": "/proc/self/ns/net", "CNI_NETNS_OVERRIDE": "1"},
        {"command": "FORMAT"},
        {"command": "VERSION"},
        {"command": ""},
        {"netconf": b"x" * 65537},
        {"netconf": b"x" * (1 << 20)},
        {"netconf": b"x" * ((1 << 20) + 1)},
        {"netconf": b"x" * ((3 << 20) + 1)},
        {"command": "DEL", "netconf": b"x" * ((3 << 20) + 1)},
        {"netconf": b'{"ipam": {"Log_File": "/nowhere/log"}}'},
    ],
    ids=range(25),
)
def test_an_unusual_call_is_left_to_rowhouse_cni(
    node: Node, agent: Path, bundle: Path, alone: list[str], call: dict[str, Any]
) -> None:
    written(node, agent, "https://127.0.0.1:9")
    both(node, agent, bundle, good, **{"netconf": NETCONF, **call})
    with serving(good, at=agent) as through:
        assert node.call(program=alone, **{"netconf": NETCONF, **call}).code == NOT_INSTALLED
    assert through.requests == []


@pytest.mark.parametrize("stream", ["<&-", "< /", ">&-"])
def test_a_stream_that_is_closed_or_unreadable_is_left_to_rowhouse_cni(
    node: Node, agent: Path, bundle: Path, stream: str
) -> None:
    """Else its number would be that of another file of the launcher."""
    written(node, agent, "https://127.0.0.1:9")
    with serving(good, at=agent) as through:
        program = ["sh", "-c", f'exec "$0" {stream}', str(bundle / "rowhouse")]
        outcome = node.call(program=program, netconf=NETCONF)
    assert outcome.exit_status == 1
    assert len(through.requests) == (stream == ">&-")
    if stream != ">&-":
        assert outcome.code == 5


def another_number(connection: socket.socket, request: Request) -> None:
    call = request.get("Rowhouse-Call") or b""
    head = b"HTTP/1.1 200 Answer\r\nRowhouse-Answer: %b0\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head % (call, len(RESULT)) + RESULT)


FAULTS: dict[str, Behaviour] = {
    "busy": raw(b"HTTP/1.1 503 Answer\r\nContent-Length: 4\r\n\r\nbusy"),
    "no server": raw(b"HTTP/1.1 502 Answer\r\nContent-Length: 0\r\n\r\n"),
    "other settings": raw(b"HTTP/1.1 409 Answer\r\nContent-Length: 0\r\n\r\n"),
    "killed": reset,
    "cut short": raw(b"HTTP/1.1 200 Answer\r\nContent-Length: 100\r\n\r\n{"),
    "not HTTP": raw(b"hello\r\n\r\n"),
    "another number": another_number,
    "not an object": reply(200, b"[]"),
    "nothing": reply(200, b""),
    "kept, but an ADD": reply(202, b"{}"),
    "no code": reply(400, b'{"msg": "x"}'),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_without_an_answer_of_the_agent_the_call_goes_directly(
    node: Node, agent: Path, bundle: Path, fault: str
) -> None:
    written(node, agent, "https://127.0.0.1:9")
    through, server = both(node, agent, bundle, FAULTS[fault], netconf=NETCONF)
    assert [one.command for one in through] == ["ADD"]  # it is not asked twice
    assert [one.command for one in server] == ["ADD"]
    assert server[0].body == NETCONF


def test_a_del_without_a_direct_way_is_kept(node: Node, agent: Path, bundle: Path) -> None:
    written(node, agent, "https://127.0.0.1:9", direct="false")
    both(node, agent, bundle, FAULTS["busy"], command="DEL", netconf=NETCONF)


def test_a_hung_agent_costs_a_second_and_is_put_aside(
    node: Node, agent: Path, bundle: Path
) -> None:
    aside = agent.with_name(agent.name + ".hung")
    with serving(silent, at=agent) as through, serving(good) as server:
        written(node, agent, server.url, timeout=60)
        outcome = node.call(program=[str(bundle / "rowhouse")], netconf=NETCONF)
        assert outcome.stdout == RESULT
        assert 1.0 <= outcome.seconds < 1.0 + 15
        assert (agent.exists(), aside.exists()) == (False, True)
        assert [one.command for one in through.requests] == ["ADD"]
        assert server.requests[0].body == NETCONF


def test_the_time_that_the_agent_took_counts(node: Node, agent: Path, bundle: Path) -> None:
    with serving(silent, at=agent), serving(silent) as server:
        written(node, agent, server.url, timeout=2)
        assert node.call(program=[str(bundle / "rowhouse")], netconf=NETCONF).code == 11
        told = float(server.requests[0].get("Rowhouse-Timeout") or 0)
        assert told < 1.0  # of the two seconds, the agent had more than one


@pytest.mark.parametrize(
    ("stated", "begun"),
    [
        (b"90.5", 90.5),
        (None, 100.0),
        (b"", 100.0),
        (b"x", 100.0),
        (b"nan", 100.0),
        (b"100.5", 100.0),
        (b"-600", 100.0),
    ],
)
def test_a_time_that_can_not_be_is_ignored(stated: bytes | None, begun: float) -> None:
    environ = {} if stated is None else {b"ROWHOUSE_CALL_BEGUN": stated}
    assert begun_at(environ, 100.0) == begun


def test_a_caller_can_not_say_that_the_agent_was_asked(
    node: Node, agent: Path, bundle: Path
) -> None:
    with serving(good, at=agent) as through, closed_port() as dead:
        written(node, agent, dead)
        node.settings.write_text(node.settings.read_text().partition("\n")[2])  # not the daemon's
        program = [str(bundle / "rowhouse")]
        more = {"ROWHOUSE_AGENT_TRIED": "true", "ROWHOUSE_CALL_BEGUN": "1"}
        assert node.call(program=program, netconf=NETCONF, **more).stdout == RESULT
    assert len(through.requests) == 1


@pytest.mark.parametrize(
    ("line", "is_served"),
    [
        ("spool = /x", True),
        ("", False),
        ("unknown = 1", True),
        ("timeout = 0.25", True),
        ("timeout = 600", True),
        ("timeout = 601", False),
        ("timeout = 1e1", False),
        ("timeout = 10s", False),
        ("node = n # comment", False),
        ("# comment", False),
        ("node = é", False),
        ("node =n", False),
        ("node =n = m", False),
        ("node = n ", False),
        ("node", False),
        ("agent = relative.sock", False),
        ("agent = /" + "x" * 200, False),
        ("spool = /" + "x" * 9000, False),
        ("spool = /\0", False),
    ],
    ids=range(19),
)
def test_it_reads_only_settings_as_the_daemon_writes_them(
    node: Node, agent: Path, alone: list[str], line: str, *, is_served: bool
) -> None:
    written(node, agent, "https://127.0.0.1:9", timeout=5)
    node.settings.write_text(node.settings.read_text() + f"{line}\n")
    with serving(good, at=agent) as through:
        outcome = node.call(program=alone, netconf=NETCONF)
    assert (outcome.stdout == RESULT) == is_served
    assert len(through.requests) == is_served


@pytest.mark.parametrize("cluster", ["", "prod-a"])
def test_it_reads_the_settings_that_the_daemon_writes(
    node: Node, agent: Path, alone: list[str], cluster: str
) -> None:
    options = parse(
        [
            *("run", "--server=https://127.0.0.1:9", "--node=node-1", f"--agent={agent}"),
            *(f"--cluster={cluster}", "--token-source=/t", "--ca-source=/c", "--timeout=2.5"),
        ],
        {},
    )
    node.settings.write_text(settings_text(options))
    with serving(good, at=agent) as through:
        assert node.call(program=alone, netconf=NETCONF).stdout == RESULT
        assert node.call(netconf=NETCONF).stdout == RESULT
    first, second = through.requests
    assert fields(first) == fields(second)


def test_it_reads_no_settings_that_another_user_may_change(
    node: Node, agent: Path, alone: list[str]
) -> None:
    written(node, agent, "https://127.0.0.1:9")
    node.settings.chmod(0o666)
    with serving(good, at=agent) as through:
        assert node.call(program=alone, netconf=NETCONF).code == NOT_INSTALLED
        node.settings.chmod(0o644)
        assert node.call(program=alone, netconf=NETCONF).stdout == RESULT
    assert len(through.requests) == 1


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
