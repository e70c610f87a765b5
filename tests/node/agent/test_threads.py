"""The system has no thread left for the agent: no call fails that would not have failed without it."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest

from cni_plugin.node import Node
from cni_plugin.scripted import RESULT, good
from node.agent.deployed import eventually, keeping_alive
from rowhouse_node import supplies
from rowhouse_node.agent.serving import Agent, AgentProblem
from rowhouse_node.options import Options, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def size() -> Iterator[None]:
    """The agent changes it for the process."""
    before = threading.stack_size()
    yield
    threading.stack_size(before)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The functions for which the system has no thread."""
    functions: set[str] = set()
    start = threading.Thread.start

    def start_if_possible(thread: threading.Thread) -> None:
        function = getattr(thread, "_target", None)
        if getattr(function, "__name__", "") in functions:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_if_possible)
    return functions


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


@contextlib.contextmanager
def running(agent: Agent) -> Iterator[None]:
    """Start it; leave no thread and no connection behind."""
    agent.start()
    try:
        yield
    finally:
        agent.stop()
        of_agents = ("(_steadily)", "(_work)", "(look)")
        eventually(lambda: not any(t.name.endswith(of_agents) for t in threading.enumerate()))
        agent.carrier.connections.close_idle(-1.0)


def prepared(node: Node, folder: Path, server: str) -> Options:
    names = ("config", "state", "bin")
    folders = [f"--{name}-dir={folder / name}" for name in names]
    options = parse(["run", f"--server={server}", f"--agent={folder / 'agent.sock'}", *folders], {})
    supplies.supply(options)
    node.settings = options.settings_file
    return options


def test_without_a_thread_for_it_a_call_goes_directly(
    node: Node, tmp_path: Path, missing: set[str]
) -> None:
    with keeping_alive(good) as server:
        options = prepared(node, tmp_path, server.url)
        assert options.agent_socket is not None
        agent = Agent(options, options.agent_socket)
        with running(agent):
            missing.add("_work")
            for _ in range(2):
                assert node.call().stdout == RESULT
            assert (agent.passed, agent.carried, agent.active) == (2, 0, 0)
            missing.clear()
            assert node.call().stdout == RESULT
            assert (agent.passed, agent.carried) == (2, 1)


def test_a_socket_has_a_thread_or_is_not_there(
    node: Node, tmp_path: Path, missing: set[str]
) -> None:
    with keeping_alive(good) as server:
        options = prepared(node, tmp_path, server.url)
        path = options.agent_socket
        assert path is not None
        missing.add("_accept")
        with pytest.raises(AgentProblem):
            Agent(options, path).start()
        assert not path.exists()
        missing.clear()
        agent = Agent(options, path)
        with running(agent):
            missing.add("_accept")
            path.unlink()
            eventually(lambda: problem(agent) != "")
            missing.clear()
            eventually(path.is_socket)
            eventually(lambda: problem(agent) == "")
            assert node.call().stdout == RESULT
            assert agent.carried == 1


def problem(agent: Agent) -> str:
    try:
        agent.check()
    except AgentProblem as found:
        return str(found)
    return ""
