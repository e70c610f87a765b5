"""``log_file`` of the configuration."""

from __future__ import annotations

import json
import os
import re
import stat
from typing import TYPE_CHECKING, Any

import pytest

from cni_plugin.node import NETCONF, TOKEN
from cni_plugin.scripted import Scripted, good, nobody, refusal, serving

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
    with serving(refusal(409, 100)) as server, nobody() as dead:
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
    assert b"log_level loud is none of panic, error, verbose, debug" in outcome.stderr


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
def test_somebody_elses_symbolic_link_is_not_followed(node: Node, tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("shadow")
    os.lchown(tmp_path / "log", 65534, 65534)
    outcome = node.call(netconf=logging(log_file=str(tmp_path / "log")))
    assert outcome.exit_status == 0
    assert b"somebody else's symbolic link" in outcome.stderr
    assert not (tmp_path / "shadow").exists()
