"""DELs that no server takes: the agent keeps them, and sends them by itself."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from cni_plugin.kept import NOT_NOW
from cni_plugin.scripted import RESULT, closed_port, foreign, good, refusal, reset
from node.agent.deployed import eventually, keeping_alive, reserved

if TYPE_CHECKING:
    import socket

    from cni_plugin.scripted import Behaviour, Request
    from node.agent.deployed import Deployed


def test_a_del_that_no_server_takes_is_kept_and_sent_as_soon_as_one_answers(
    deployed: Deployed,
) -> None:
    with reserved() as (url, port):
        deployed.start(url)
        names = [f"c{n}" for n in range(6)]
        for name in names:
            outcome = deployed.call("DEL", CNI_CONTAINERID=name)
            assert (outcome.exit_status, outcome.stdout) == (0, b"")
            assert b"kept" in outcome.stderr
        assert deployed.metric("agent_kept_total") == 6
        assert deployed.node.kept == [f"{name}@net1" for name in names]
        eventually(lambda: deployed.metric("spool_entries") == 6)
        assert deployed.metric("spool_bytes") == 6 * 4096
        with keeping_alive(good, on=port) as server:
            eventually(lambda: deployed.node.kept == [])
            dels = [one for one in server.requests if one.command == "DEL"]
        assert [one.container_id for one in dels] == names  # in their order
        assert {one.get("Rowhouse-Replay") for one in dels} == {b"1"}


@pytest.mark.parametrize("name", NOT_NOW)
def test_an_answer_that_takes_no_del_keeps_it(deployed: Deployed, name: str) -> None:
    with keeping_alive(NOT_NOW[name]) as server:
        deployed.start(server.url)
        assert deployed.call("DEL").exit_status == 0
        assert deployed.node.kept == ["ctr-new@net1"]
        server.behave = good
        eventually(lambda: deployed.node.kept == [])


@pytest.mark.parametrize("fault", [foreign(413, b"too large"), reset], ids=["proxy", "crash"])
def test_a_del_that_never_gets_through_stops_no_other(deployed: Deployed, fault: Behaviour) -> None:
    def behave(connection: socket.socket, request: Request) -> None:
        (fault if request.container_id == "first" else good)(connection, request)
        if request.container_id == "first":
            raise OSError  # the connection ends

    with reserved() as (url, port):
        deployed.start(url)
        for name in ("first", "second", "third"):
            assert deployed.call("DEL", CNI_CONTAINERID=name).exit_status == 0
        with keeping_alive(behave, on=port):
            eventually(lambda: deployed.node.kept == ["first@net1"])


def test_what_is_refused_for_good_is_put_aside(deployed: Deployed) -> None:
    with keeping_alive(refusal(503, 11)) as server:
        deployed.start(server.url)
        assert deployed.call("DEL").exit_status == 0
        server.behave = refusal(400, 7)
        eventually(lambda: deployed.node.kept == ["refused"])
        eventually(lambda: deployed.metric("spool_refused_entries") == 1)


def test_an_add_sends_its_own_del_first(deployed: Deployed) -> None:
    with keeping_alive(refusal(503, 11)) as server:
        deployed.start(server.url, more=("--direct=false",))
        assert deployed.call("DEL").exit_status == 0
        asked = len(server.requests)
        server.behave = good
        assert deployed.call("ADD").stdout == RESULT
        calls = [one.command for one in server.requests[asked:] if one.command in {"ADD", "DEL"}]
        assert calls[-2:] == ["DEL", "ADD"]
        assert deployed.node.kept == []


def test_a_del_that_the_plugin_kept_is_sent_by_the_agent(deployed: Deployed) -> None:
    with keeping_alive(refusal(503, 11)) as server:
        deployed.start(server.url)
        deployed.kill()
        assert deployed.call("DEL").exit_status == 0
        assert deployed.node.kept == ["ctr-new@net1"]
        server.behave = good
        deployed.start(server.url)
        eventually(lambda: deployed.node.kept == [])


def test_a_spool_that_takes_no_more_fails_the_del(deployed: Deployed) -> None:
    with closed_port() as url:
        deployed.start(url)
        deployed.node.spool.mkdir(mode=0o700)
        head = b"Rowhouse-Spool: 1\r\nCNI-Command: DEL\r\nContent-Length: 1048576\r\n\r\n"
        for number in range(64):
            with (deployed.node.spool / f"full{number}@net1").open("wb") as file:
                file.write(head)
                file.truncate(len(head) + (1 << 20))
        outcome = deployed.call("DEL")
        assert outcome.code == 11
        assert "a limit of 67108864 bytes" in outcome.error["msg"]
        shutil.rmtree(deployed.node.spool)
        assert deployed.call("DEL").exit_status == 0


def test_a_killed_agent_loses_no_del_that_it_has_kept(deployed: Deployed) -> None:
    def whole() -> set[str]:
        """Without files that were being written."""
        return {name for name in deployed.node.kept if not name.startswith(".")}

    with reserved() as (url, port):
        deployed.start(url)
        processes = [deployed.node.start("DEL", CNI_CONTAINERID=f"c{n}") for n in range(12)]
        processes[3].communicate(timeout=240)
        deployed.signal(signal.SIGKILL)
        for process in processes:
            if process.returncode is None:
                process.communicate(timeout=240)
        assert [process.returncode for process in processes] == [0] * 12
        assert {f"c{n}@net1" for n in range(12)} == whole()
        deployed.kill()
        with keeping_alive(good, on=port) as server:
            deployed.start(url)
            eventually(lambda: whole() == set())
            sent = {one.container_id for one in server.requests if one.command == "DEL"}
            assert sent == {f"c{n}" for n in range(12)}
