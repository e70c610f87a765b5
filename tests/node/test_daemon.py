"""The daemon at work: token, spool, health, signals."""

from __future__ import annotations

import contextlib
import errno
import re
import signal
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from cni_plugin.scripted import good, reply, serving
from node.host import NO_SERVER, ORIGINAL
from rowhouse_node.daemon import Daemon
from rowhouse_node.options import parse
from rowhouse_node.stand_in import MAX_REPAIRS_AT_ONCE, QUIET_SECONDS, StandIn, StandInReplaced
from rowhouse_node.uninstall import uninstall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from node.host import Host


@contextmanager
def running(host: Host, *more: str) -> Iterator[str]:
    """The daemon, with a server that takes every call unless the test has one; its health URL."""
    with contextlib.ExitStack() as stack:
        if host.server == NO_SERVER:
            host.server = stack.enter_context(serving(good)).url
        yield stack.enter_context(daemon(host, *more))


@contextmanager
def daemon(host: Host, *more: str) -> Iterator[str]:
    """The daemon alone; its health URL."""
    process = host.start("run", "v1", *more)
    try:
        eventually(lambda: "health on port" in host.log.read_text())
        found = re.search(r"port (\d+)", host.log.read_text())
        assert found
        yield f"http://127.0.0.1:{found[1]}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=240) == 0
    finally:
        process.kill()
        process.wait()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def eventually(claim: Callable[[], bool]) -> None:
    until = time.monotonic() + 240
    while not claim():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)


def test_it_is_ready_when_the_plugin_is_installed(host: Host) -> None:
    with running(host) as url:
        eventually(lambda: get(f"{url}/readyz")[0] == 200)
        assert host.call() == "v1 v1"
        assert get(f"{url}/healthz")[0] == 200
        assert "rowhouse_node_ready 1" in get(f"{url}/metrics")[1]


def test_a_renewed_token_reaches_the_host(host: Host) -> None:
    with running(host) as url:
        eventually(lambda: get(f"{url}/readyz")[0] == 200)
        host.project("token-2")
        eventually(lambda: (host.config / "token").read_text() == "token-2")
        host.check("v1")


def test_a_token_that_vanishes_is_reported_and_the_last_one_stays(host: Host) -> None:
    with running(host) as url:
        eventually(lambda: get(f"{url}/readyz")[0] == 200)
        (host.projected / "token").unlink()
        eventually(lambda: get(f"{url}/readyz")[0] == 503)
        assert "can't read" in get(f"{url}/readyz")[1]
        assert (host.config / "token").read_text() == "token-1"


def test_an_installer_that_overwrites_whereabouts_is_answered(host: Host) -> None:
    host.plant_whereabouts()
    with running(host, "--as-whereabouts") as url:
        eventually(lambda: get(f"{url}/readyz")[0] == 200)
        host.put("whereabouts", b"#!/bin/sh\necho newer upstream\n")
        eventually(lambda: host.call("whereabouts") == "v1 v1")
    host.do("uninstall", "v1")
    assert host.call("whereabouts") == "newer upstream"
    assert not (host.bin / "rowhouse").exists()


def test_an_installer_that_keeps_overwriting_is_reported_and_given_pauses(host: Host) -> None:
    host.plant_whereabouts()
    stand_in = host.bin / "whereabouts"
    with running(host, "--as-whereabouts") as url:
        eventually(lambda: get(f"{url}/readyz")[0] == 200)
        ours = stand_in.read_bytes()
        for times in range(1, MAX_REPAIRS_AT_ONCE + 2):
            host.put("whereabouts", ORIGINAL)
            counted = f"rowhouse_node_whereabouts_replaced_total {times}"
            eventually(lambda counted=counted: counted in get(f"{url}/metrics")[1])  # type: ignore[misc]
            if times <= MAX_REPAIRS_AT_ONCE:
                eventually(lambda: stand_in.read_bytes() == ours)
        status, said = get(f"{url}/readyz")
        assert status == 503
        assert f"replaced {stand_in} {MAX_REPAIRS_AT_ONCE + 1} times within an hour" in said
        assert "remove the DaemonSet" in said
        assert stand_in.read_bytes() == ORIGINAL

        # The rest of the plugin is mended all the same, and our launcher with it.
        (host.bin / "rowhouse").unlink()
        eventually(lambda: get(f"{url}/readyz")[0] == 200)
        assert stand_in.read_bytes() == ours
    lines = [line for line in host.log.read_text().splitlines() if "another installer" in line]
    assert len(lines) == 2, lines  # the first replacement, and the beginning of the pause
    assert f"a file of {len(ORIGINAL)} bytes, sha256" in lines[0]


def test_a_replacement_while_no_daemon_ran_is_noticed_by_the_next_one(host: Host) -> None:
    host.plant_whereabouts()
    assert "another installer" not in host.do("install", "v1", "--as-whereabouts").stderr
    host.put("whereabouts", ORIGINAL)
    done = host.do("install", "v1", "--as-whereabouts")
    assert "another installer replaced" in done.stderr
    assert done.returncode == 0
    assert host.call("whereabouts") == "v1 v1"


def test_pauses_double_up_to_a_limit_and_end_after_an_hour_of_quiet(tmp_path: Path) -> None:
    stand_in, now = StandIn(tmp_path / "whereabouts"), QUIET_SECONDS * 2

    def pause() -> float:
        """Replaces it once, and tells for how many seconds it was not repaired."""
        nonlocal now
        began = now
        while True:
            try:
                stand_in.meet(now)
            except StandInReplaced:
                now += 5
            else:
                stand_in.repaired()
                return now - began

    assert [pause() for _ in range(10)] == [0, 0, 0, 30, 60, 120, 240, 480, 600, 600]
    now += QUIET_SECONDS + 1
    assert pause() == 0
    assert stand_in.replaced == 11


def test_kept_dels_are_replayed_though_no_call_comes(host: Host) -> None:
    with serving(reply(200, b"")) as server:
        host.server = server.url
        host.keep_del("c1")
        with running(host) as url:
            eventually(lambda: "rowhouse_node_spool_replayed_total 1" in get(f"{url}/metrics")[1])
        assert server.asked.count(("DEL", "c1")) == 1
    assert not (host.state / "spool" / "c1@net1").exists()


def test_dels_kept_in_a_spool_of_earlier_settings_are_replayed_too(
    host: Host, tmp_path: Path
) -> None:
    host.state, now = tmp_path / "as it was", host.state
    host.keep_del("c1")
    host.state, earlier = now, host.state
    host.config.mkdir()
    (host.config / "rowhouse.conf.spools").write_text(f"{earlier / 'spool'}\n")
    with serving(reply(200, b"")) as server:
        host.server = server.url
        assert host.do("install", "v1").returncode == 0
    assert [request.container_id for request in server.requests] == ["c1"]
    assert host.do("uninstall", "v1").returncode == 0
    assert not host.config.exists()


def test_an_unusable_spool_does_not_block_the_replay_of_another(host: Host, tmp_path: Path) -> None:
    host.keep_del("c1")
    now = host.state
    (now / "spool").chmod(0o777)
    host.state = tmp_path / "as it was"
    host.keep_del("c2")
    host.state, earlier = now, host.state
    host.config.mkdir()
    (host.config / "rowhouse.conf.spools").write_text(f"{earlier / 'spool'}\n")
    with serving(reply(200, b"")) as server:
        host.server = server.url
        with running(host) as url:
            eventually(lambda: "rowhouse_node_spool_replayed_total 1" in get(f"{url}/metrics")[1])
            eventually(lambda: "accessible to other users" in get(f"{url}/readyz")[1])
    assert [name for command, name in server.asked if command == "DEL"] == ["c2"]


def test_kept_dels_survive_an_uninstall_without_a_server(host: Host) -> None:
    host.do("install", "v1")
    host.keep_del("c1")
    done = host.do("uninstall", "v1")
    assert done.returncode == 0
    assert "1 DELs that no server accepted stay" in done.stderr
    assert (host.state / "spool" / "c1@net1").exists()


@contextmanager
def uninstalling(host: Host) -> Iterator[str]:
    """`uninstall --stay`, as the chart runs it; its health URL."""
    daemon = host.start("uninstall", "v1", "--stay")
    try:
        eventually(lambda: "health on port" in host.log.read_text())
        found = re.search(r"port (\d+)", host.log.read_text())
        assert found
        yield f"http://127.0.0.1:{found[1]}"
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=240) == 0
    finally:
        daemon.kill()
        daemon.wait()


def test_an_uninstall_is_ready_once_nothing_is_left(host: Host) -> None:
    host.do("install", "v1")
    with uninstalling(host) as url:
        eventually(lambda: get(f"{url}/readyz")[0] == 200)
        assert not host.config.exists()
        assert not host.state.exists()
        assert not list(host.bin.iterdir())
        assert get(f"{url}/healthz")[0] == 200


def test_an_uninstall_waits_for_kept_dels_and_sends_them_with_a_new_token(host: Host) -> None:
    host.do("install", "v1")
    host.keep_del("c1")
    with uninstalling(host) as url:
        eventually(lambda: "1 DELs that no server accepted are kept" in get(f"{url}/readyz")[1])
        assert not (host.bin / "rowhouse").exists()
        assert (host.state / "spool" / "c1@net1").exists()
        host.project("token-2")
        eventually(lambda: (host.config / "token").read_text() == "token-2")
    # Without waiting, what stays is named; credentials do not.
    assert "1 DELs that no server accepted stay in" in host.log.read_text()
    assert (host.state / "spool" / "c1@net1").exists()
    assert not host.config.exists()

    with serving(reply(200, b"")) as server:
        host.server = server.url
        host.do("install", "v1")
        host.keep_del("c2")
        with uninstalling(host) as url:
            eventually(lambda: get(f"{url}/readyz")[0] == 200)
    assert {request.container_id for request in server.requests} == {"c1", "c2"}
    assert not host.state.exists()


def test_a_folder_that_is_mounted_stays_and_is_no_failure(
    host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    host.do("install", "v1")
    options = parse(host.arguments("uninstall", "v1"), {})
    real = type(host.config).rmdir

    def rmdir(folder: Path) -> None:
        if folder == host.config:
            raise OSError(errno.EROFS, "Read-only file system")
        real(folder)

    monkeypatch.setattr(type(host.config), "rmdir", rmdir)
    uninstall(Daemon(options))
    assert f"the empty folder {host.config} stays" in capfd.readouterr().err
    assert list(host.config.iterdir()) == []
    assert not host.state.exists()


def test_a_service_that_is_not_known_yet_is_looked_up_until_it_is(host: Host) -> None:
    host.server = "$(ROWHOUSE_PORT)"
    with running(host, "--service=rowhouse.invalid:8443") as url:
        eventually(lambda: "cannot look up the Service rowhouse.invalid" in get(f"{url}/readyz")[1])
        assert get(f"{url}/healthz")[0] == 200
    host.do("install", "v1", "--service=localhost:8443")
    assert re.search(
        r"server = https://(127.0.0.1|\[::1\]):8443", (host.config / "rowhouse.conf").read_text()
    )


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--server="], "ROWHOUSE_NODE_SERVER"),
        (["--server=ftp://x"], "server = ftp://x"),
        (["--node=a\nserver = http://evil"], "can't be written"),
        (["--bin-dir=relative"], "must begin with /"),
        (["--timeout=0"], "timeout"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_changed(
    host: Host, more: list[str], says: str
) -> None:
    done = host.do("run", "v1", *more)
    assert done.returncode == 2
    assert says in done.stderr
    assert not list(host.bin.iterdir())
