"""The launcher serves the usual call through the agent by itself, exactly as rowhouse_cni would."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

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
from plugin_bundle.launcher import FLAGS, SOURCE, compilers
from rowhouse_cni.plugin import begun_at

if TYPE_CHECKING:
    import socket

    from cni_plugin.node import Node

from cni_plugin.launcher.calls import (
    COMMANDS,
    NETCONF,
    NOT_INSTALLED,
    both,
    fields,
    result,
    written,
)


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


@pytest.mark.parametrize("program", ["rowhouse_cni", "launcher"])
def test_a_hung_agent_does_not_take_all_of_a_short_time(
    node: Node, agent: Path, alone: list[str], program: str
) -> None:
    """Else it would be asked by each call, and each would fail."""
    aside = agent.with_name(agent.name + ".hung")
    with serving(silent, at=agent):
        written(node, agent, "https://127.0.0.1:9", timeout=1)
        for _ in range(20):  # on a busy machine, a call may find half of its time gone
            node.call(program=alone if program == "launcher" else None, netconf=NETCONF)
            if aside.exists():
                break
        assert aside.exists()


OTHER_USER = """
import os, socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
os.setgid(65534); os.setuid(65534)
sock.listen()
print(flush=True)
while True:
    connection, _ = sock.accept()
    print(len(connection.recv(100)), flush=True)
"""


@pytest.mark.needs("root")
@pytest.mark.parametrize("program", ["rowhouse_cni", "launcher"])
def test_a_socket_of_another_user_gets_no_call(
    node: Node, agent: Path, bundle: Path, program: str
) -> None:
    """It could make up an address, and swallow a DEL."""
    with (
        serving(good) as server,
        subprocess.Popen(
            [sys.executable, "-c", OTHER_USER, str(agent)], stdout=subprocess.PIPE
        ) as other,
    ):
        assert other.stdout is not None
        try:
            other.stdout.readline()
            written(node, agent, server.url)
            called = [str(bundle / "rowhouse")] if program == "launcher" else None
            assert node.call(program=called, netconf=NETCONF).stdout == RESULT
            assert other.stdout.readline() == b"0\n"
        finally:
            other.kill()
    assert [one.command for one in server.requests] == ["ADD"]
    assert not agent.with_name(agent.name + ".hung").exists()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the register is x86-64's")
def test_a_system_call_gets_each_of_its_arguments(node: Node, agent: Path, tmp_path: Path) -> None:
    """The one that renames has five."""
    program = tmp_path / "rowhouse"
    source = Path(__file__).with_name("registers.c")
    options = [*FLAGS, "-ffixed-r8", f"-I{SOURCE.parent}", "-o", str(program), str(source)]
    for compiler in compilers():
        if not subprocess.run([*compiler, *options], capture_output=True, check=False).returncode:
            break
    else:
        pytest.skip("needs a C compiler that can leave a register alone")
    written(node, agent, "https://127.0.0.1:9", timeout=60)
    with serving(silent, at=agent):
        assert node.call(program=[str(program)], netconf=NETCONF).code == NOT_INSTALLED
        assert agent.with_name(agent.name + ".hung").exists()


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
