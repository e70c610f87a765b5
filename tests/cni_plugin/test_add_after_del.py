"""What an ADD gets is never freed by a DEL that came before it."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cni_plugin.kept import ENTRY, NOT_NOW, keep
from cni_plugin.scripted import (
    RESULT,
    Behaviour,
    closed_port,
    good,
    serving,
)

if TYPE_CHECKING:
    from cni_plugin.node import Node


def test_an_add_sends_the_kept_del_of_its_own_container_first(node: Node) -> None:
    keep(node)
    keep(node, container_id="other")
    with serving(good) as server:
        node.configure(server.url)
        assert node.call().stdout == RESULT
    assert server.asked == [("DEL", "ctr-new"), ("ADD", "ctr-new"), ("DEL", "other")]


@pytest.mark.parametrize("behaviour", NOT_NOW.values(), ids=NOT_NOW)
def test_an_add_waits_for_the_kept_del_of_its_own_container(
    node: Node, behaviour: Behaviour
) -> None:
    keep(node)
    with serving(behaviour) as server:
        node.configure(server.url)
        assert node.call().code == 11
    assert {command for command, _ in server.asked} == {"DEL"}
    assert node.kept == [ENTRY]


def test_an_add_waits_for_a_replay_of_its_own_del_by_another_call(node: Node) -> None:
    keep(node)
    with serving(good) as server, (node.spool / ENTRY).open("rb") as entry:
        node.configure(server.url)
        fcntl.flock(entry, fcntl.LOCK_EX)
        process = node.start(stdin=None)
        wait_for_lock(process.pid, (node.spool / ENTRY).stat().st_ino)
        assert server.requests == []
        (node.spool / ENTRY).unlink()
        fcntl.flock(entry, fcntl.LOCK_UN)
        stdout, _ = process.communicate(timeout=240)
    assert stdout == RESULT
    assert server.asked == [("ADD", "ctr-new")]


def wait_for_lock(pid: int, inode: int) -> None:
    """Until the process waits for the file's lock, as the kernel lists it."""
    waiting = re.compile(rf"-> FLOCK +ADVISORY +WRITE {pid} [^ ]*:{inode} ")
    while not waiting.search(Path("/proc/locks").read_text()):
        os.sched_yield()


def test_an_add_gives_up_waiting_when_its_time_is_up(node: Node) -> None:
    keep(node)
    with serving(good) as server, (node.spool / ENTRY).open("rb") as entry:
        fcntl.flock(entry, fcntl.LOCK_EX)
        node.configure(server.url, timeout=0.3)
        outcome = node.call()
    assert outcome.code == 11
    assert "must be sent before this ADD" in outcome.error["msg"]
    assert server.requests == []


def test_an_add_sends_its_own_del_even_if_kept_without_settings(node: Node) -> None:
    node.call("DEL")
    with serving(good) as server:
        node.configure(server.url)
        assert node.call().stdout == RESULT
    assert server.asked == [("DEL", "ctr-new"), ("ADD", "ctr-new")]


def test_a_container_id_too_long_for_a_file_name_is_still_kept(node: Node) -> None:
    long = "c" * 500
    keep(node, container_id=long)
    keep(node, container_id=long + "x")
    assert len(node.kept) == 2
    with serving(good) as server:
        node.configure(server.url)
        assert node.call(CNI_CONTAINERID=long + "y").exit_status == 0
    assert sorted(server.asked[:2]) == [("DEL", long), ("DEL", long + "x")]
    assert server.asked[2] == ("ADD", long + "y")


def test_an_add_finds_the_kept_del_of_its_own_container_in_a_spool_of_earlier_settings(
    node: Node, tmp_path: Path
) -> None:
    """Sent later, as by a daemon that still knows the old spool, it would free the new address."""
    keep(node)
    with serving(good) as server:
        node.configure(server.url, spool=tmp_path / "another")
        assert node.call().stdout == RESULT
    assert server.asked == [("DEL", "ctr-new"), ("ADD", "ctr-new")]
    assert node.kept == []


def test_the_next_call_replays_a_del_in_a_spool_of_earlier_settings(
    node: Node, tmp_path: Path
) -> None:
    keep(node, spool=tmp_path / "first")
    keep(node, spool=tmp_path / "second", container_id="second")
    with serving(good) as server:
        node.configure(server.url)
        node.call(CNI_CONTAINERID="other")
    assert server.asked[0] == ("ADD", "other")
    assert sorted(server.asked[1:]) == [("DEL", "ctr-new"), ("DEL", "second")]


def test_the_list_of_spools_is_beside_the_settings_and_names_each_once(
    node: Node, tmp_path: Path
) -> None:
    keep(node)
    keep(node, container_id="another")
    keep(node, spool=node.default_spool)
    keep(node, spool=tmp_path / "second")
    listed = (tmp_path / "rowhouse.conf.spools").read_text()
    assert listed == f"{node.spool}\n{tmp_path / 'second'}\n"


def test_a_del_is_kept_even_if_the_list_of_spools_cannot_be_written(
    node: Node, tmp_path: Path
) -> None:
    (tmp_path / "rowhouse.conf.spools").mkdir()
    keep(node)
    assert node.kept == [ENTRY]
    assert not list(tmp_path.glob(".rowhouse.conf.spools*"))
    with serving(good) as server:
        node.configure(server.url)
        assert node.call().stdout == RESULT
    assert server.asked == [("DEL", "ctr-new"), ("ADD", "ctr-new")]


def test_an_add_that_cannot_send_its_own_del_says_why(node: Node) -> None:
    keep(node)
    with closed_port() as dead:
        node.configure(dead)
        outcome = node.call()
    assert outcome.code == 11
    assert "a kept DEL of ctr-new net1 must be sent before this ADD" in outcome.error["msg"]
    assert f"kept in {node.spool}" in outcome.error["details"]
    assert "Connection refused" in outcome.error["details"]
