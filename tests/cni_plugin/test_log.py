"""``log_file`` of the configuration."""

from __future__ import annotations

import json
import os
import re
import stat
from typing import TYPE_CHECKING, Any

import pytest

from cni_plugin.node import NETCONF, TOKEN
from cni_plugin.scripted import Scripted, closed_port, good, refusal, reply, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cni_plugin.node import Node

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def server(node: Node) -> Iterator[Scripted]:
    with serving(good) as scripted:
        node.configure(scripted.url)
        yield scripted


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "cni.log"


def logging(**ipam: Any) -> dict[str, Any]:
    return NETCONF | {"ipam": {"type": "whereabouts", **ipam}}


@pytest.mark.usefixtures("server")
def test_each_call_appends_one_line(node: Node, log: Path) -> None:
    netconf = logging(log_file=str(log), log_level="verbose")
    assert node.call(netconf=netconf).exit_status == 0
    assert node.call("DEL", netconf=netconf).exit_status == 0
    add, delete = log.read_text().splitlines()
    assert re.fullmatch(rf"{STAMP} \[verbose\] ADD ctr-new net1 ok, \d+ ms", add)
    assert re.fullmatch(rf"{STAMP} \[verbose\] DEL ctr-new net1 ok, \d+ ms", delete)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("level", [None, "debug", "DEBUG"])
def test_debug_is_the_default_and_adds_the_answer(node: Node, log: Path, level: str | None) -> None:
    node.call(netconf=logging(log_file=str(log), log_level=level))
    (line,) = log.read_text().splitlines()
    assert '"ips": [{"version": "4"}]' in line


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("level", ["error", "panic"])
def test_success_is_not_logged_at_higher_levels(node: Node, log: Path, level: str) -> None:
    node.call(netconf=logging(log_file=str(log), log_level=level))
    assert not log.exists()


def test_failures_are_logged_as_errors(node: Node, log: Path) -> None:
    netconf = logging(log_file=str(log), log_level="error")
    with serving(refusal(409, 100)) as server, closed_port() as dead:
        node.configure(server.url)
        node.call(netconf=netconf)
        node.configure(dead)
        node.call(netconf=netconf)
    refused, unanswered = log.read_text().splitlines()
    assert "[error] ADD ctr-new net1 refused (HTTP 409)" in refused
    assert "[error] ADD ctr-new net1 failed (code 11): no Rowhouse server answered" in unanswered


@pytest.mark.usefixtures("server")
def test_a_token_is_never_logged(node: Node, log: Path) -> None:
    node.call(netconf=logging(log_file=str(log), log_level="debug"))
    assert TOKEN not in log.read_text()


@pytest.mark.usefixtures("server")
def test_a_new_log_is_for_root_alone(node: Node, log: Path) -> None:
    node.call(netconf=logging(log_file=str(log)))
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "netconf",
    [
        b'{"name": "n", "IPAM" : {"Log_File"\n:\t"%s"}}',
        b'{"ipam": {"log_file": "/nonexistent/x", "log_file": "%s"}}',
        b'{"ipam": {"x": [1, {"y": "}"}], "log_file": "%s"}}',
    ],
)
def test_keys_match_in_any_case_and_the_last_counts(node: Node, log: Path, netconf: bytes) -> None:
    escaped = str(log).replace("/", "\\/").replace("cni", "c\\u006ei").encode()
    assert node.call(netconf=netconf.replace(b"%s", escaped)).exit_status == 0
    assert log.exists()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "netconf",
    [
        {"args": {"cni": {"ipam": {"log_file": "%s"}, "log_file": "%s"}}},
        {"log_file": "%s"},
        {"ipam": {"ipRanges": [{"log_file": "%s"}]}},
        {"ipam": {"type": '"log_file": "%s"'}},
        {"ipam": [{"log_file": "%s"}]},
        {"ipam": {"log_file": ["%s"]}},
        {"ipam": {"log_file": ""}},
    ],
)  # fmt: skip
def test_a_pods_own_arguments_cannot_choose_a_file(
    node: Node, log: Path, netconf: dict[str, Any]
) -> None:
    outcome = node.call(netconf=json.dumps(netconf).replace("%s", str(log)).encode())
    assert (outcome.exit_status, outcome.stderr) == (0, b"")
    assert not log.exists()


@pytest.mark.usefixtures("server")
def test_an_unusable_log_never_fails_a_call(node: Node, tmp_path: Path) -> None:
    outcome = node.call(netconf=logging(log_file=str(tmp_path / "no" / "such" / "folder")))
    assert outcome.exit_status == 0
    assert outcome.stderr.count(b"\n") == 1
    assert b"can't write log_file" in outcome.stderr


@pytest.mark.usefixtures("server")
def test_an_unknown_level_is_noted(node: Node, log: Path) -> None:
    outcome = node.call(netconf=logging(log_file=str(log), log_level="loud"))
    assert outcome.exit_status == 0
    assert b"log_level loud is not one of panic, error, verbose, debug" in outcome.stderr


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("kind", ["pipe", "second name", "device", "folder"])
def test_only_a_plain_file_is_written_to(node: Node, tmp_path: Path, kind: str) -> None:
    log = tmp_path / "log"
    if kind == "pipe":
        os.mkfifo(log)
    elif kind == "second name":
        (tmp_path / "shadow").write_text("root:x\n")
        log.hardlink_to(tmp_path / "shadow")
    elif kind == "folder":
        log.mkdir()
    target = "/dev/null" if kind == "device" else str(log)
    outcome = node.call(netconf=logging(log_file=target))
    assert outcome.exit_status == 0
    assert b"can't write log_file" in outcome.stderr
    if kind == "second name":
        assert (tmp_path / "shadow").read_text() == "root:x\n"


@pytest.mark.usefixtures("server")
def test_a_symbolic_link_of_our_own_is_followed(node: Node, tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("real.log")
    assert node.call(netconf=logging(log_file=str(tmp_path / "log"))).stderr == b""
    assert (tmp_path / "real.log").exists()


@pytest.mark.needs("root")
@pytest.mark.usefixtures("server")
def test_a_symbolic_link_of_another_user_is_not_followed(node: Node, tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("shadow")
    os.lchown(tmp_path / "log", 65534, 65534)
    outcome = node.call(netconf=logging(log_file=str(tmp_path / "log")))
    assert outcome.exit_status == 0
    assert b"symbolic link of another user" in outcome.stderr
    assert not (tmp_path / "shadow").exists()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder beside the one that `log_dirs` names."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (tmp_path / "logs").mkdir()
    return folder


def test_a_network_configuration_cannot_write_where_it_wants(
    node: Node, tmp_path: Path, elsewhere: Path
) -> None:
    """The plugin is root, and what it logs of an error is the configuration's own words."""
    words = {"cniVersion": "1.0.0", "code": 7, "msg": "invalid CIDR address: /tmp/evil.so"}
    (tmp_path / "logs" / "link").symlink_to(elsewhere)
    (tmp_path / "logs2").mkdir()
    files = [
        elsewhere / "ld.so.preload",
        f"{tmp_path}/logs/../etc/ld.so.preload",
        tmp_path / "logs" / "link" / "ld.so.preload",
        tmp_path / "logs2" / "x.log",
        f"{tmp_path}/logs",
        "relative.log",
        "//../etc/x",
    ]
    with serving(reply(400, json.dumps(words).encode())) as server:
        node.configure(server.url, log_dirs=tmp_path / "logs")
        for file in files:
            outcome = node.call(netconf=logging(log_file=str(file)))
            assert b"can't write log_file" in outcome.stderr, file
            assert outcome.code == 7
    assert list(elsewhere.iterdir()) == []
    assert list((tmp_path / "logs2").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "is_log"),
    [
        ("2026-01-31T12:00:00Z [verbose] ADD: …\n", True),
        ("2026-01-31T12:00:00+01:00 [debug] whereabouts\n", True),
        ("", True),
        ("2026-01-31T12:00:00.123456+00:00 node2 sshd[1]: …\n", False),
        ("/lib/preloaded.so\n", False),
        ("LPKSHHRH\0\0\0", False),
    ],
)
def test_a_file_that_is_something_else_is_not_appended_to(
    node: Node, server: Scripted, log: Path, content: str, *, is_log: bool
) -> None:
    del server
    log.write_text(content)
    outcome = node.call(netconf=logging(log_file=str(log)))
    assert (b"not a CNI plugin's log" not in outcome.stderr) == is_log
    assert (log.read_text() != content) == is_log


@pytest.mark.needs("root")
@pytest.mark.usefixtures("server")
def test_a_file_of_another_user_is_not_appended_to(node: Node, log: Path) -> None:
    log.touch(mode=0o666)
    os.chown(log, 65534, 65534)
    assert b"belongs to another user" in node.call(netconf=logging(log_file=str(log))).stderr
    assert log.read_text() == ""


def test_a_node_can_have_no_logs_or_several_places_for_them(node: Node, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b" / "c").mkdir(parents=True)
    with serving(good) as server:
        node.configure(server.url, log_dirs="none")
        assert b"log_dirs" in node.call(netconf=logging(log_file="/var/log/x.log")).stderr
        node.configure(server.url, log_dirs=f"{tmp_path}/a, {tmp_path}/b/")
        for file in (tmp_path / "a" / "x.log", tmp_path / "b" / "c" / "x.log"):
            assert node.call(netconf=logging(log_file=str(file))).stderr == b""
            assert file.exists()


@pytest.mark.usefixtures("server")
def test_what_is_logged_is_one_line_whatever_is_in_it(node: Node, log: Path) -> None:
    with serving(reply(200, b'{"cniVersion": "0.3.1",\n\n\r "x": "%s"}' % (b"y" * 50_000))) as long:
        node.configure(long.url)
        node.call(netconf=logging(log_file=str(log)))
    (line,) = log.read_bytes().splitlines()
    assert len(line) <= 4096
