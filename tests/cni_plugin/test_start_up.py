"""An ADD costs one interpreter start and one round trip, no more."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cni_plugin.scripted import RESULT, closed_port, good, serving

if TYPE_CHECKING:
    from cni_plugin.node import Node

# Reports on stderr, just before the process ends, which modules it has loaded.
REPORT = """
import posix
leave = posix._exit
def report(status):
    posix.write(2, "\\n".join(["modules:", *sys.modules]).encode())
    leave(status)
posix._exit = report
"""
UNUSED = {"kept_dels", "spool", "log", "netconf", "tls"}  # by a call that succeeds
BARE = [sys.executable, "-I", "-S", "-c", "import sys; print('\\n'.join(sys.modules))"]


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """What the interpreter loads before the first line of a program."""
    run = subprocess.run(BARE, check=True, capture_output=True, text=True)
    return set(run.stdout.split())


def modules(stderr: bytes) -> set[str]:
    return set(stderr.decode().partition("modules:")[2].split())


def of_others(loaded: set[str], bare: set[str]) -> set[str]:
    return {name for name in loaded - bare if not name.startswith("rowhouse_cni")}


def test_a_good_add_loads_nothing_but_the_socket_module(node: Node, bare: set[str]) -> None:
    with serving(good) as server:
        node.configure(server.url)
        outcome = node.call(before=REPORT)
    assert outcome.stdout == RESULT
    assert of_others(modules(outcome.stderr), bare) == {"_socket"}


@pytest.mark.parametrize("command", ["ADD", "DEL", "CHECK", "STATUS", "GC"])
def test_a_good_call_loads_few_modules_of_the_plugin(node: Node, command: str) -> None:
    with serving(good) as server:
        node.configure(server.url)
        outcome = node.call(command, before=REPORT)
    own = {name for name in modules(outcome.stderr) if name.startswith("rowhouse_cni.")}
    assert len(own) <= 12
    assert own.isdisjoint({f"rowhouse_cni.{name}" for name in UNUSED})


@pytest.mark.parametrize("command", ["ADD", "DEL", "CHECK", "STATUS", "GC"])
def test_a_call_through_the_agent_loads_no_more_than_a_direct_one(
    node: Node, bare: set[str], command: str
) -> None:
    socket = node.folder / "agent.sock"
    with serving(good, at=socket) as agent, closed_port() as dead:
        node.configure(dead.replace("http:", "https:"), agent=socket)
        outcome = node.call(command, before=REPORT)
    assert outcome.exit_status == 0
    assert [request.command for request in agent.requests] == [command]
    loaded = modules(outcome.stderr)
    assert of_others(loaded, bare) == {"_socket"}
    own = {name for name in loaded if name.startswith("rowhouse_cni.")}
    assert len(own) <= 12
    assert own.isdisjoint({f"rowhouse_cni.{name}" for name in UNUSED})


def test_version_loads_no_more_than_an_add(node: Node, bare: set[str]) -> None:
    loaded = modules(node.call("VERSION", before=REPORT).stderr)
    assert of_others(loaded, bare) <= {"_socket"}


def test_even_a_failed_and_logged_call_loads_little(node: Node, bare: set[str]) -> None:
    with closed_port() as dead:
        node.configure(dead)
        netconf = {"cniVersion": "1.0.0", "ipam": {"log_file": str(node.folder / "log")}}
        add = node.call(before=REPORT, netconf=netconf)
        delete = node.call("DEL", before=REPORT, netconf=netconf)
    assert of_others(modules(add.stderr), bare) <= {"_socket", "_json"}
    assert of_others(modules(delete.stderr), bare) <= {"_socket", "_json", "fcntl"}
