"""A DEL never blocks a pod's teardown and is never lost."""

from __future__ import annotations

import fcntl
import json
import os
import posix
import re
import resource
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cni_plugin.node import NETCONF, PACKAGES, TOKEN, names_in
from cni_plugin.scripted import (
    RESULT,
    Behaviour,
    Request,
    good,
    nobody,
    raw,
    refusal,
    reply,
    reset,
    serving,
    silent,
)

if TYPE_CHECKING:
    import socket

    from cni_plugin.node import Node

ENTRY = "ctr-new@net1"
NOT_NOW: dict[str, Behaviour] = {
    "reset": reset,
    "bad gateway": reply(502, b"<html>"),
    "empty error": reply(500),
    "a proxy's refusal": reply(403, b"<html>"),
    "cut short": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
    "a page": reply(200, b"<html>welcome</html>"),
    "database away": refusal(503, 11),
    "a fault": refusal(500, 999),
    "token not accepted": refusal(401, 110),
    "too many requests": refusal(429, 11),
}


def keep(node: Node, /, *, container_id: str = "ctr-new", **options: Any) -> None:
    """Have one DEL kept."""
    with nobody() as dead:
        node.configure(dead, **options)
        assert node.call("DEL", CNI_CONTAINERID=container_id).exit_status == 0


def test_del_is_spooled_when_no_server_answers(node: Node) -> None:
    with nobody() as dead:
        node.configure(dead)
        outcome = node.call("DEL")
    assert (outcome.exit_status, outcome.stdout) == (0, b"")
    assert b"kept in" in outcome.stderr
    assert node.kept == [ENTRY]


@pytest.mark.parametrize("behaviour", NOT_NOW.values(), ids=NOT_NOW)
def test_del_is_spooled_when_the_server_cannot_take_it_now(
    node: Node, behaviour: Behaviour
) -> None:
    with serving(behaviour) as server:
        node.configure(server.url)
        outcome = node.call("DEL")
    assert (outcome.exit_status, outcome.stdout) == (0, b"")
    assert node.kept == [ENTRY]


@pytest.mark.parametrize("settings", [{"token_file": "/nonexistent"}, {"ca_file": "/nonexistent"}])
def test_del_is_spooled_when_the_server_cannot_even_be_asked(
    node: Node, settings: dict[str, str]
) -> None:
    node.configure("https://127.0.0.1:1", **settings)
    assert node.call("DEL").exit_status == 0
    assert node.kept == [ENTRY]


@pytest.mark.parametrize("content", [None, "no key", "timeout = 5", "server = ftp://x", "\xff"])
def test_del_is_spooled_in_the_usual_place_when_the_settings_are_unusable(
    node: Node, content: str | None
) -> None:
    if content is not None:
        node.settings.write_bytes(content.encode("latin-1"))
    outcome = node.call("DEL")
    assert (outcome.exit_status, outcome.stdout) == (0, b"")
    assert names_in(node.default_spool) == [ENTRY]
    assert stat.S_IMODE(node.default_spool.stat().st_mode) == 0o700
    assert stat.S_IMODE(node.default_spool.parent.stat().st_mode) == 0o755


def test_del_is_spooled_where_the_settings_say_even_if_they_say_nothing_else(node: Node) -> None:
    node.settings.write_text(f"spool = {node.spool}\nserver = nonsense\n")
    assert node.call("DEL").exit_status == 0
    assert node.kept == [ENTRY]


def test_a_refusal_of_del_is_passed_on_and_not_kept(node: Node) -> None:
    with serving(refusal(403, 110, "not your node")) as server:
        node.configure(server.url)
        assert node.call("DEL").code == 110
    assert node.kept == []


@pytest.mark.parametrize("command", ["ADD", "CHECK", "GC", "STATUS"])
def test_nothing_but_del_is_kept(node: Node, command: str) -> None:
    with nobody() as dead:
        node.configure(dead)
        assert node.call(command).exit_status == 1
    assert node.kept == []


def test_a_kept_del_is_for_root_alone_and_holds_no_token(node: Node) -> None:
    keep(node)
    assert stat.S_IMODE(node.spool.stat().st_mode) == 0o700
    assert stat.S_IMODE((node.spool / ENTRY).stat().st_mode) == 0o600
    assert TOKEN.encode() not in (node.spool / ENTRY).read_bytes()


def test_a_repeated_del_is_kept_once(node: Node) -> None:
    keep(node)
    keep(node)
    assert node.kept == [ENTRY]


def test_a_del_is_on_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PACKAGES)
    from rowhouse_cni import spool_entry  # noqa: PLC0415
    from rowhouse_cni.spool import Spool  # noqa: PLC0415

    steps: list[str] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            function = getattr(posix, name)

            def watch(*arguments: Any, **options: Any) -> object:
                if name in ("fsync", "rename", "mkdir"):
                    target = arguments[0]
                    if name == "fsync":
                        target = Path(f"/proc/self/fd/{target}").readlink()
                        target = target.name if target.is_dir() else "the new file"
                    elif name == "rename":
                        target = arguments[1]
                    steps.append(f"{name} {Path(target).name}")
                return function(*arguments, **options)

            return watch if callable(function) else function

    monkeypatch.setattr(spool_entry, "posix", Watched())
    Spool(str(tmp_path / "spool")).keep("a@b", [b"CNI-Command: DEL"], b"{}")
    assert steps == [
        "mkdir spool",
        f"fsync {tmp_path.name}",
        "fsync the new file",
        "rename a@b",
        "fsync spool",
    ]


@pytest.mark.parametrize("make", ["symlink", "world-writable", "file", "read-only file system"])
def test_a_spool_that_is_not_safe_fails_the_del(node: Node, tmp_path: Path, make: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if make == "symlink":
        node.spool.symlink_to(elsewhere)
    elif make == "world-writable":
        node.spool.mkdir()
        node.spool.chmod(0o1777)
    elif make == "file":
        node.spool.write_text("")
    with nobody() as dead:
        node.configure(dead, spool=node.spool if make != "read-only file system" else "/proc/x/y")
        outcome = node.call("DEL")
    assert outcome.code == 11
    assert "can't be kept in" in outcome.error["msg"]
    assert "Connection refused" in outcome.error["details"]
    assert names_in(elsewhere) == []


def test_a_full_disk_fails_the_del_and_leaves_nothing_behind(node: Node) -> None:
    before = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
    with nobody() as dead:
        node.configure(dead)
        outcome = node.call("DEL", before=f"import sys; sys.path += {library_path()}; {before}")
    assert outcome.code == 11
    assert "can't be kept in" in outcome.error["msg"]
    assert node.kept == []


def library_path() -> list[str]:
    return [str(Path(resource.__file__).parent)] if hasattr(resource, "__file__") else []


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
            finish.wait(20)
        good(connection, request)

    with serving(behave) as server:
        node.configure(server.url)
        first = node.start(CNI_CONTAINERID="first", before=PATIENT)
        assert replaying.wait(20)
        assert node.call(CNI_CONTAINERID="second").stdout == RESULT
        finish.set()
        first.communicate(timeout=60)
    assert sorted(server.asked) == [("ADD", "first"), ("ADD", "second"), ("DEL", "ctr-new")]
    assert node.kept == []


PATIENT = "import rowhouse_cni.kept_dels; rowhouse_cni.kept_dels.REPLAY_TIME = 30.0"


def test_a_claim_dies_with_the_call_that_held_it(node: Node) -> None:
    keep(node)
    replaying = threading.Event()

    def hang(connection: socket.socket, request: Request) -> None:
        replaying.set()
        silent(connection, request)

    with serving(good, hang, good) as server:
        node.configure(server.url)
        killed = node.start(CNI_CONTAINERID="killed", before=PATIENT)
        assert replaying.wait(20)
        assert node.kept == [ENTRY]
        killed.kill()
        killed.communicate()
        node.call(CNI_CONTAINERID="next")
    assert server.asked[2:] == [("ADD", "next"), ("DEL", "ctr-new")]
    assert node.kept == []


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
        stdout, _ = process.communicate(timeout=60)
    assert stdout == RESULT
    assert server.asked == [("ADD", "ctr-new")]


def wait_for_lock(pid: int, inode: int) -> None:
    """Until the process waits for the file's lock, as the kernel lists it."""
    waiting = re.compile(rf"-> FLOCK +ADVISORY +WRITE {pid} [^ ]*:{inode} ")
    while not waiting.search(Path("/proc/locks").read_text()):
        os.sched_yield()


def test_a_container_id_too_long_for_a_file_name_is_kept_all_the_same(node: Node) -> None:
    long = "c" * 1000
    keep(node, container_id=long)
    keep(node, container_id=long + "x")
    assert len(node.kept) == 2
    with serving(good) as server:
        node.configure(server.url)
        assert node.call(CNI_CONTAINERID=long + "y").exit_status == 0
    assert sorted(server.asked[:2]) == [("DEL", long), ("DEL", long + "x")]
    assert server.asked[2] == ("ADD", long + "y")


def test_files_of_writers_that_died_are_ignored_and_swept_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(PACKAGES)
    from rowhouse_cni import spool_entry  # noqa: PLC0415
    from rowhouse_cni.spool import Spool  # noqa: PLC0415

    tmp_path.chmod(0o700)
    old, new = tmp_path / ".a@b.1.2", tmp_path / ".c@d.3.4"
    old.touch()
    new.touch()
    os.utime(old, (1, 1))
    assert spool_entry.names_in(str(tmp_path)) == []
    Spool(str(tmp_path)).sweep()
    assert list(tmp_path.iterdir()) == [new]


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


def test_an_add_gives_up_waiting_when_its_time_is_up(node: Node) -> None:
    keep(node)
    with serving(good) as server, (node.spool / ENTRY).open("rb") as entry:
        fcntl.flock(entry, fcntl.LOCK_EX)
        node.configure(server.url, timeout=0.3)
        outcome = node.call()
    assert outcome.code == 11
    assert "has to come before this ADD" in outcome.error["msg"]
    assert server.requests == []


def test_an_add_sends_its_own_del_even_if_kept_without_settings(node: Node) -> None:
    node.call("DEL")
    with serving(good) as server:
        node.configure(server.url)
        assert node.call().stdout == RESULT
    assert server.asked == [("DEL", "ctr-new"), ("ADD", "ctr-new")]


def test_two_installations_on_a_node_leave_each_others_dels_alone(
    node: Node, tmp_path: Path
) -> None:
    """A server that does not know a container says "released" of it: the DEL would be lost."""
    with nobody() as dead:
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
