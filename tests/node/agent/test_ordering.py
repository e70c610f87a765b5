"""No ADD arrives after its DEL, though its plugin was killed while the agent had it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from cni_plugin.scripted import Request, foreign, good, reset
from node.agent.deployed import eventually, keeping_alive
from rowhouse_node.agent.ordering import AddsUnderWay, Delivery

if TYPE_CHECKING:
    import socket

    from node.agent.deployed import Deployed

# Longer than any wait in these tests.
LONG_TIMEOUT = "--timeout=60"


class Slow:
    """A server that is busy with the first ADD until it may go on. `done`: what it has done, in that order."""

    def __init__(self) -> None:
        self.arrived, self.go_on = threading.Event(), threading.Event()
        self.done: list[str] = []

    def __call__(self, connection: socket.socket, request: Request) -> None:
        if request.command == "ADD" and not self.arrived.is_set():
            self.arrived.set()
            self.go_on.wait(240)
        if request.container_id == "ctr-new":
            self.done.append(request.command)
        good(connection, request)


def test_a_del_waits_for_the_add_of_a_killed_plugin(deployed: Deployed) -> None:
    slow = Slow()
    with keeping_alive(slow) as server:
        deployed.start(server.url, more=(LONG_TIMEOUT,))
        add = deployed.node.start("ADD")
        assert slow.arrived.wait(240)
        add.kill()
        add.communicate()
        delete = deployed.node.start("DEL")
        eventually(lambda: deployed.metric("agent_active_calls") == 2)
        # A DEL of another sandbox does not wait.
        assert deployed.call("DEL", CNI_CONTAINERID="other").exit_status == 0
        slow.go_on.set()
        delete.communicate(timeout=240)
        assert delete.returncode == 0
        eventually(lambda: slow.done == ["ADD", "DEL"])
        assert deployed.node.kept == []


def test_a_del_whose_add_takes_long_is_kept_and_sent_after_it(deployed: Deployed) -> None:
    """Else a slow server would hold the teardown of pods."""
    slow = Slow()
    with keeping_alive(slow) as server:
        deployed.start(server.url, more=(LONG_TIMEOUT,))
        add = deployed.node.start("ADD")
        assert slow.arrived.wait(240)
        add.kill()
        add.communicate()
        outcome = deployed.call("DEL")
        assert (outcome.exit_status, outcome.stdout) == (0, b"")
        assert b"its ADD may still reach a server" in outcome.stderr
        assert deployed.node.kept == ["ctr-new@net1"]
        # The agent replays another sandbox's DEL meanwhile, and not this one.
        deployed.host.keep_del("other")
        eventually(lambda: deployed.node.kept == ["ctr-new@net1"])
        assert slow.done == []
        slow.go_on.set()
        eventually(lambda: deployed.node.kept == [])
        assert slow.done == ["ADD", "DEL"]


@pytest.mark.parametrize("fault", [reset, foreign(504, b"<html>")], ids=["reset", "proxy"])
def test_a_del_after_an_add_without_an_answer_is_sent_once_no_server_starts_that_add(
    deployed: Deployed, fault: object
) -> None:
    """Nothing tells how far the ADD got. The second try of the plugin is another request."""
    deadlines: list[float] = []
    arrived: list[float] = []

    def behave(connection: socket.socket, request: Request) -> None:
        if request.container_id == "ctr-new":
            now = time.monotonic()
            if request.command == "ADD":
                deadlines.append(now + float(request.get("Rowhouse-Timeout") or 0))
                fault(connection, request)  # type: ignore[operator]
                raise OSError  # the connection ends
            arrived.append(now)
        good(connection, request)

    with keeping_alive(behave) as server:
        deployed.start(server.url, more=("--direct=false", "--timeout=4"))
        assert deployed.call("ADD").code == 11
        assert deployed.call("DEL").exit_status == 0
        assert deployed.node.kept == ["ctr-new@net1"]
        eventually(lambda: deployed.node.kept == [])
    assert len(arrived) == 1
    assert arrived[0] > max(deadlines)


def test_a_del_after_an_add_that_was_answered_does_not_wait(deployed: Deployed) -> None:
    with keeping_alive(good) as server:
        deployed.start(server.url)
        for _ in range(3):
            assert deployed.call("ADD").exit_status == 0
            outcome = deployed.call("DEL")
            assert (outcome.exit_status, outcome.stderr) == (0, b"")
        assert deployed.metric("agent_kept_total") == 0


def test_adds_under_way_are_forgotten() -> None:
    adds = AddsUnderWay()
    past, one = time.monotonic() - 60, ("c", "net1")
    for number in range(100):
        delivery = Delivery()
        assert delivery.starts()
        with adds.add((f"c{number}", "net1"), past, delivery):
            assert (f"c{number}", "net1") in adds.attachments()
    assert adds.attachments() == []
    delivery = Delivery()
    with adds.add(one, time.monotonic() + 60, delivery):
        assert not adds.wait(one, time.monotonic())
        assert delivery.starts()
    assert adds.attachments() == [one]
    assert not adds.wait(one, time.monotonic() + 60)
    assert adds.wait(("c", "net2"), time.monotonic())


def test_a_refused_request_is_over_and_one_that_is_not_wanted_never_began() -> None:
    assert Delivery(lambda: False).starts() is False
    delivery = Delivery()
    seen = [delivery.is_over]
    assert delivery.starts()
    seen.append(delivery.is_over)
    delivery.ends()
    assert [*seen, delivery.is_over] == [True, False, True]
