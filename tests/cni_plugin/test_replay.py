"""A kept DEL is never lost: calls that follow replay it."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cni_plugin.kept import ENTRY, NOT_NOW, keep
from cni_plugin.node import NETCONF, TOKEN, names_in
from cni_plugin.scripted import (
    RESULT,
    Behaviour,
    Request,
    closed_port,
    good,
    refusal,
    reply,
    serving,
    silent,
)

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from cni_plugin.node import Node


def test_the_next_answered_call_replays_a_kept_del(node: Node) -> None:
    keep(node, node="node2", cluster="prod-a")
    with serving(good) as server:
        node.configure(server.url, node="renamed", cluster="moved")
        assert node.call(CNI_CONTAINERID="other").stdout == RESULT
    assert server.asked == [("ADD", "other"), ("DEL", "ctr-new")]
    replayed = server.requests[1]
    assert replayed.body == json.dumps(NETCONF).encode()
    assert replayed.get("CNI-IfName") == b"net1"
    assert replayed.get("Rowhouse-Node") == b"node2"
    assert replayed.get("Rowhouse-Cluster") == b"prod-a"
    assert replayed.get("Authorization") == b"Bearer " + TOKEN.encode()
    assert node.kept == []


def test_a_refused_call_replays_too_since_a_kept_del_may_be_what_it_lacks(node: Node) -> None:
    keep(node)
    with serving(refusal(409, 100, "exhausted"), reply(200)) as server:
        node.configure(server.url)
        assert node.call(CNI_CONTAINERID="other").code == 100
    assert server.asked == [("ADD", "other"), ("DEL", "ctr-new")]
    assert node.kept == []


def test_a_del_kept_without_settings_is_replayed_with_this_nodes_identity(node: Node) -> None:
    node.call("DEL")
    with serving(good) as server:
        node.configure(server.url, node="node2", cluster="prod-a")
        node.call(CNI_CONTAINERID="other")
    assert server.asked == [("ADD", "other"), ("DEL", "ctr-new")]
    assert server.requests[1].get("Rowhouse-Node") == b"node2"
    assert server.requests[1].get("Rowhouse-Cluster") == b"prod-a"
    assert names_in(node.default_spool) == []


@pytest.mark.parametrize("behaviour", NOT_NOW.values(), ids=NOT_NOW)
def test_a_replay_that_fails_keeps_the_del(node: Node, behaviour: Behaviour) -> None:
    keep(node)
    with serving(reply(200, RESULT), behaviour) as server:
        node.configure(server.url)
        assert node.call(CNI_CONTAINERID="other").stdout == RESULT
    assert node.kept == [ENTRY]


def test_a_replay_holds_the_call_only_briefly(node: Node) -> None:
    keep(node)
    with serving(reply(200, RESULT), silent) as server:
        node.configure(server.url, timeout=60)
        outcome = node.call(CNI_CONTAINERID="other")
    assert outcome.stdout == RESULT
    assert outcome.seconds < 10
    assert node.kept == [ENTRY]


def test_one_call_replays_only_some(node: Node) -> None:
    for number in range(20):
        keep(node, container_id=f"c{number}")
    with serving(good) as server:
        node.configure(server.url)
        node.call(CNI_CONTAINERID="other")
        assert 1 <= len(server.requests) - 1 <= 16
        while node.kept:
            node.call(CNI_CONTAINERID="other")
    released = {container for command, container in server.asked if command == "DEL"}
    assert released == {f"c{number}" for number in range(20)}


def test_a_del_refused_for_good_is_put_aside_and_told(node: Node, tmp_path: Path) -> None:
    keep(node)
    log = tmp_path / "cni.log"
    with serving(reply(200, RESULT), refusal(403, 110, "not your node")) as server:
        node.configure(server.url)
        outcome = node.call(
            CNI_CONTAINERID="other",
            netconf=NETCONF | {"ipam": {"log_file": str(log), "log_level": "error"}},
        )
    assert outcome.stdout == RESULT
    assert node.kept == ["refused"]
    assert names_in(node.spool / "refused") == [ENTRY]
    for text in (outcome.stderr.decode(), log.read_text()):
        assert ENTRY in text
        assert "not your node" in text


def test_no_escape_sequence_of_a_server_reaches_a_terminal(node: Node, tmp_path: Path) -> None:
    keep(node)
    log = tmp_path / "cni.log"
    body = '{"code": 110, "msg": "\x1b[2J\x9b2J\x7f red"}'.encode()
    with serving(reply(200, RESULT), reply(403, body)) as server:
        node.configure(server.url)
        outcome = node.call(
            CNI_CONTAINERID="other", netconf=NETCONF | {"ipam": {"log_file": str(log)}}
        )
    for text in (outcome.stderr.decode(), log.read_text()):
        assert "\\x1b[2J\\x9b2J\\x7f red" in text
        assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("content", [b"", b"garbage", b"Rowhouse-Spool: 1\r\nX: y\r\n\r\n{}"])
def test_a_damaged_entry_is_put_aside_unsent(node: Node, content: bytes) -> None:
    keep(node)
    (node.spool / ENTRY).write_bytes(content)
    with serving(good) as server:
        node.configure(server.url)
        outcome = node.call(CNI_CONTAINERID="other")
    assert server.asked == [("ADD", "other")]
    assert ENTRY in outcome.stderr.decode()
    assert names_in(node.spool / "refused") == [ENTRY]


def test_two_calls_at_once_replay_an_entry_once(node: Node) -> None:
    keep(node)
    replaying, finish = threading.Event(), threading.Event()

    def behave(connection: socket.socket, request: Request) -> None:
        if request.command == "DEL":
            replaying.set()
            finish.wait(240)
        good(connection, request)

    with serving(behave) as server:
        node.configure(server.url)
        first = node.start(CNI_CONTAINERID="first", before=LONG_REPLAY)
        assert replaying.wait(240)
        assert node.call(CNI_CONTAINERID="second").stdout == RESULT
        finish.set()
        first.communicate(timeout=240)
    assert sorted(server.asked) == [("ADD", "first"), ("ADD", "second"), ("DEL", "ctr-new")]
    assert node.kept == []


LONG_REPLAY = "import rowhouse_cni.kept_dels; rowhouse_cni.kept_dels.REPLAY_TIME = 30.0"


def test_a_claim_dies_with_the_call_that_held_it(node: Node) -> None:
    keep(node)
    replaying = threading.Event()

    def hang(connection: socket.socket, request: Request) -> None:
        replaying.set()
        silent(connection, request)

    with serving(good, hang, good) as server:
        node.configure(server.url)
        killed = node.start(CNI_CONTAINERID="killed", before=LONG_REPLAY)
        assert replaying.wait(240)
        assert node.kept == [ENTRY]
        killed.kill()
        killed.communicate()
        node.call(CNI_CONTAINERID="next")
    assert server.asked[2:] == [("ADD", "next"), ("DEL", "ctr-new")]
    assert node.kept == []


def test_what_is_no_entry_does_not_hide_the_entries(node: Node, tmp_path: Path) -> None:
    keep(node)
    keep(node, container_id="other")
    (node.spool / ENTRY).rename(tmp_path / "moved")
    (node.spool / ENTRY).symlink_to(tmp_path / "moved")
    (node.spool / "folder@net1").mkdir()
    os.mkfifo(node.spool / "pipe@net1")
    with serving(good) as server:
        node.configure(server.url)
        assert node.call(CNI_CONTAINERID="last").stdout == RESULT
    assert server.asked == [("ADD", "last"), ("DEL", "other")]
    assert node.kept == [ENTRY, "refused"]


def test_two_installations_on_a_node_leave_each_others_dels_alone(
    node: Node, tmp_path: Path
) -> None:
    """A server that does not know a container says "released" of it: the DEL would be lost."""
    with closed_port() as dead:
        node.configure(dead, spool=node.default_spool)
        assert node.call("DEL").exit_status == 0
    other = tmp_path / "other.conf"
    with serving(good) as stranger, serving(good) as own:
        other.write_text(f"server = {stranger.url}\nspool = {tmp_path / 'others'}\n")
        assert node.call("ADD", ROWHOUSE_CONFIG=str(other)).stdout == RESULT
        assert stranger.asked == [("ADD", "ctr-new")]
        assert names_in(node.default_spool) == [ENTRY]
        node.configure(own.url)
        node.call(CNI_CONTAINERID="next")
    assert own.asked == [("ADD", "next"), ("DEL", "ctr-new")]
    assert all(name != b"Rowhouse-Settings" for name, _ in own.requests[1].headers)
    assert names_in(node.default_spool) == []


def test_a_del_whose_settings_file_has_another_name_now_is_replayed(
    node: Node, tmp_path: Path
) -> None:
    keep(node)
    with serving(good) as server:
        node.configure(server.url)
        node.settings = node.settings.rename(tmp_path / "renamed.conf")
        node.call(CNI_CONTAINERID="other")
    assert server.asked == [("ADD", "other"), ("DEL", "ctr-new")]
