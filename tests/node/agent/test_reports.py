"""The node reports itself to a server."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from cni_plugin.node import TOKEN
from cni_plugin.scripted import RESULT, Request, good, refusal, reply
from node.agent.deployed import eventually, keeping_alive
from rowhouse_node.host_plugin import HostPlugin

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from node.agent.deployed import Deployed, KeptServer


def reports(server: KeptServer) -> list[Request]:
    return [one for one in server.requests if one.line == b"POST /cni/report HTTP/1.1"]


@pytest.mark.parametrize("status", [200, 404])
def test_it_reports_versions_and_kept_dels(deployed: Deployed, status: int) -> None:
    def behave(connection: socket.socket, request: Request) -> None:
        if request.command == "DEL":
            refusal(503, 11)(connection, request)
        elif request.command:
            good(connection, request)
        else:
            reply(status)(connection, request)

    with keeping_alive(behave) as server:
        deployed.start(server.url)
        assert deployed.call().stdout == RESULT
        eventually(lambda: len(reports(server)) == 1)
        assert deployed.call("DEL").exit_status == 0
        eventually(lambda: len(reports(server)) >= 2)  # after a change
        first, last = reports(server)[0], reports(server)[-1]
        assert deployed.metric("ready") == 1 or deployed.metric("spool_entries") == 1
    assert first.get("Authorization") == f"Bearer {TOKEN}".encode()
    assert first.get("Rowhouse-Node") == b"node-1"
    said = json.loads(first.body)
    assert dt.datetime.fromisoformat(said.pop("started_at")).tzinfo is not None
    assert said == {
        "plugin_version": "v1",
        "agent_version": "0.1.0",
        "kept_dels": 0,
        "kept_bytes": 0,
    }
    assert json.loads(last.body)["kept_dels"] == 1
    assert json.loads(last.body)["kept_bytes"] == 4096


STATED = [(b"0.9.1\n", "0.9.1"), (None, ""), (b"a b", ""), (b"\xff", ""), (b"9" * 65, "")]


@pytest.mark.parametrize(("stated", "reported"), STATED)
def test_a_plugin_states_its_version(tmp_path: Path, stated: bytes | None, reported: str) -> None:
    plugin = HostPlugin(tmp_path)
    plugin.link.mkdir()
    state(plugin, stated)
    assert plugin.version() == reported


# Two reports of one agent are at least five seconds apart.
@pytest.mark.parametrize(("stated", "reported"), STATED[:2])
def test_it_reports_the_plugin_that_is_installed_now(
    deployed: Deployed, stated: bytes | None, reported: str
) -> None:
    """Another daemon may install another version, also one that states none."""
    with keeping_alive(good) as server:
        deployed.start(server.url)
        eventually(lambda: len(reports(server)) == 1)
        state(HostPlugin(deployed.host.bin), stated)
        eventually(lambda: len(reports(server)) == 2)
    assert [json.loads(one.body)["plugin_version"] for one in reports(server)] == ["v1", reported]


def state(plugin: HostPlugin, version: bytes | None) -> None:
    """Let the installed plugin state this version; None: none at all."""
    path = plugin.link / "version"
    path.unlink(missing_ok=True)
    if version is not None:
        path.write_bytes(version)
