"""The agent is killed, stopped, upgraded or busy: no call fails that would not have failed without it."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from cni_plugin.scripted import RESULT, Request, good
from node.agent.deployed import eventually, keeping_alive

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from node.agent.deployed import Deployed, KeptServer

# Longer than any wait in these tests.
LONG_TIMEOUT = "--timeout=60"


def test_a_hung_agent_costs_a_second_once_and_is_back_when_it_runs_again(
    deployed: Deployed,
) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        bare = deployed.call().seconds
        deployed.signal(signal.SIGSTOP)
        first = deployed.call()
        assert deployed.aside.exists()
        assert not deployed.socket.exists()
        later = [deployed.call() for _ in range(3)]
        assert [one.stdout for one in (first, *later)] == [RESULT] * 4
        assert first.seconds >= 1.0
        assert min(one.seconds for one in later) < first.seconds - 0.5
        deployed.signal(signal.SIGCONT)
        eventually(deployed.socket.exists)
        before = deployed.metric("agent_calls_total")
        assert deployed.call().stdout == RESULT
        assert deployed.metric("agent_calls_total") == before + 1
    assert bare > 0


def test_a_call_that_a_stopped_agent_has_is_not_sent_after_its_plugin_gave_up(
    deployed: Deployed,
) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        deployed.signal(signal.SIGSTOP)
        assert deployed.call("ADD").exit_status == 0
        assert deployed.call("DEL").exit_status == 0
        deployed.signal(signal.SIGCONT)
        eventually(lambda: deployed.metric("agent_active_calls") == 0)
        assert deployed.call("CHECK").exit_status == 0
    calls = [one.command for one in server.requests if one.command not in {"STATUS", ""}]
    assert calls == ["ADD", "DEL", "CHECK"]


def test_an_agent_that_stops_while_a_server_works_costs_a_second(deployed: Deployed) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def slow_once(connection: socket.socket, request: Request) -> None:
        if request.command == "ADD" and not arrived.is_set():
            arrived.set()
            go_on.wait(240)
        good(connection, request)

    with keeping_alive(slow_once) as server:
        deployed.start(server.url, more=(LONG_TIMEOUT,))
        process = deployed.node.start("ADD")
        assert arrived.wait(240)
        deployed.signal(signal.SIGSTOP)
        stdout, _ = process.communicate(timeout=240)
        assert (process.returncode, stdout) == (0, RESULT)
        go_on.set()
        deployed.signal(signal.SIGCONT)


def test_a_slow_server_is_not_taken_for_a_hung_agent(deployed: Deployed) -> None:
    def slow(connection: socket.socket, request: Request) -> None:
        if request.command == "ADD":
            time.sleep(1.6)  # longer than an agent may be silent: the server's work
        good(connection, request)

    with keeping_alive(slow) as server:
        deployed.start(server.url, more=(LONG_TIMEOUT,))
        assert deployed.call().stdout == RESULT
        assert deployed.socket.exists()
        assert [one.command for one in server.requests].count("ADD") == 1


def test_a_killed_agent_fails_no_call(deployed: Deployed) -> None:
    """kill -9 at many moments: before, while and after calls are carried, a new one starts each time."""
    with keeping_alive(good) as server:
        failed: list[object] = []
        done = threading.Event()

        def calls(name: str) -> None:
            number = 0
            while not done.is_set():
                number += 1
                for command in ("ADD", "DEL"):
                    outcome = deployed.call(command, CNI_CONTAINERID=f"{name}-{number}")
                    if outcome.exit_status != 0 or outcome.seconds > 20:
                        failed.append(outcome)

        deployed.start(server.url)
        callers = [threading.Thread(target=calls, args=[f"c{n}"]) for n in range(3)]
        for caller in callers:
            caller.start()
        for round_ in range(8):
            asked = len(server.requests)
            eventually(lambda asked=asked, n=round_: len(server.requests) >= asked + n)  # type: ignore[misc]
            deployed.kill()
            deployed.start(server.url)
        done.set()
        for caller in callers:
            caller.join()
        assert failed == []
        eventually(lambda: deployed.node.kept == [])
        assert in_order(server)


def in_order(server: KeptServer) -> bool:
    """Whether no ADD of a container arrived after its DEL."""
    deleted: set[str] = set()
    for request in server.requests:
        if request.command == "DEL":
            deleted.add(request.container_id)
        elif request.command == "ADD" and request.container_id in deleted:
            return False
    return True


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_killed_while_a_server_has_the_call(deployed: Deployed, at: int) -> None:
    """The call arrives twice, which does no harm, and succeeds."""
    killed = threading.Event()

    def kill_then_answer(connection: socket.socket, request: Request) -> None:
        if request.command == "ADD" and not killed.is_set():
            killed.set()
            content = b"HTTP/1.1 200 OK\r\n"
            connection.sendall(content[: at * 6])
            deployed.signal(signal.SIGKILL)
            return
        good(connection, request)

    with keeping_alive(kill_then_answer) as server:
        deployed.start(server.url)
        assert deployed.call().stdout == RESULT
        assert [one.command for one in server.requests].count("ADD") == 2


def test_an_upgrade_fails_no_call_and_loses_none_that_runs(deployed: Deployed) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def slow_once(connection: socket.socket, request: Request) -> None:
        if request.command == "ADD" and not arrived.is_set():
            arrived.set()
            go_on.wait(240)
        good(connection, request)

    with keeping_alive(slow_once) as server:
        deployed.start(server.url, more=(LONG_TIMEOUT,))
        process = deployed.node.start("ADD")
        assert arrived.wait(240)
        deployed.signal(signal.SIGTERM)
        eventually(lambda: not deployed.socket.exists())
        assert deployed.call("CHECK").exit_status == 0  # directly
        go_on.set()
        stdout, _ = process.communicate(timeout=240)
        assert (process.returncode, stdout) == (0, RESULT)
        assert deployed.process is not None
        assert deployed.process.wait(timeout=240) == 0
        assert [one.command for one in server.requests].count("ADD") == 1
        deployed.start(server.url)
        assert deployed.call().stdout == RESULT


def test_an_agent_that_starts_later_takes_over(deployed: Deployed) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        old = deployed.process
        assert old is not None
        deployed.process = None
        inode = deployed.socket.stat().st_ino
        deployed.start(server.url)
        assert deployed.socket.stat().st_ino != inode
        taken = deployed.socket.stat().st_ino
        assert deployed.call().stdout == RESULT
        old.terminate()
        assert old.wait(timeout=240) == 0
        assert deployed.socket.stat().st_ino == taken
        assert deployed.call().stdout == RESULT


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.rename(path.with_name("elsewhere")),
        lambda path: (path.unlink(), path.write_text("not a socket")),
    ],
    ids=["removed", "renamed", "another file"],
)
def test_a_socket_that_vanishes_is_made_again(
    deployed: Deployed, damage: Callable[[object], object]
) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        damage(deployed.socket)
        assert deployed.call().stdout == RESULT
        eventually(deployed.socket.is_socket)
        before = deployed.metric("agent_calls_total")
        assert deployed.call().stdout == RESULT
        assert deployed.metric("agent_calls_total") == before + 1


def test_an_agent_takes_the_place_of_a_later_one_that_was_killed(deployed: Deployed) -> None:
    more = ("--direct=false",)
    with keeping_alive(good) as server:
        deployed.start(server.url, more=more)
        old = deployed.process
        deployed.process = None
        deployed.start(server.url, more=more)
        left = deployed.socket.stat().st_ino
        deployed.kill()
        deployed.process = old
        eventually(lambda: deployed.socket.is_socket() and deployed.socket.stat().st_ino != left)
        assert deployed.call().stdout == RESULT


def test_what_is_in_the_way_of_the_socket_is_reported(deployed: Deployed) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        eventually(lambda: deployed.metric("ready") == 1)
        deployed.socket.unlink()
        deployed.socket.mkdir()
        eventually(lambda: deployed.metric("ready") == 0)
        assert f"the agent cannot listen on {deployed.socket}: " in deployed.host.log.read_text()
        deployed.socket.rmdir()
        eventually(deployed.socket.is_socket)
        eventually(lambda: deployed.metric("ready") == 1)
        assert [path.name for path in deployed.socket.parent.glob(".*")] == []
        before = deployed.metric("agent_calls_total")
        assert deployed.call().stdout == RESULT
        assert deployed.metric("agent_calls_total") == before + 1


@pytest.mark.parametrize("is_aside", [False, True])
def test_an_uninstall_removes_the_socket_of_a_killed_agent(
    deployed: Deployed, *, is_aside: bool
) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        deployed.kill()
        if is_aside:
            deployed.socket.rename(deployed.aside)
        assert deployed.host.do("uninstall", "v1").returncode == 0
    assert not deployed.socket.exists()
    assert not deployed.aside.exists()


def test_an_uninstall_leaves_the_socket_of_a_running_agent_and_files_of_others(
    deployed: Deployed,
) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        deployed.aside.write_text("not a socket")
        assert deployed.host.do("uninstall", "v1").returncode == 0
    assert deployed.socket.exists()
    assert deployed.aside.read_text() == "not a socket"


def test_an_uninstall_removes_the_folder_that_an_agent_made(deployed: Deployed) -> None:
    deployed.socket = deployed.host.root / "run" / "s"  # a short name: paths of sockets are limited
    agent = f"--agent={deployed.socket}"
    with keeping_alive(good) as server:
        deployed.start(server.url, more=(agent,))
        deployed.kill()
        assert deployed.host.do("uninstall", "v1", agent).returncode == 0
    assert not deployed.socket.parent.exists()


@pytest.mark.parametrize("direct", [True, False])
def test_without_an_agent_a_call_goes_directly_unless_that_is_forbidden(
    deployed: Deployed, *, direct: bool
) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url, more=(f"--direct={str(direct).lower()}",))
        deployed.kill()
        outcome = deployed.call()
        if direct:
            assert outcome.stdout == RESULT
        else:
            assert outcome.code == 11
            assert "`direct`" in outcome.error["details"]
            assert deployed.call("DEL").exit_status == 0
            assert deployed.node.kept == ["ctr-new@net1"]
            deployed.start(server.url, more=("--direct=false",))
            eventually(lambda: deployed.node.kept == [])


def test_calls_at_once_are_all_carried(deployed: Deployed) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        processes = [deployed.node.start("ADD", CNI_CONTAINERID=f"c{n}") for n in range(40)]
        outcomes = [
            (process.communicate(timeout=240)[0], process.returncode) for process in processes
        ]
        assert outcomes == [(RESULT, 0)] * 40
        assert deployed.metric("agent_calls_total") == 40
