"""The settings file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from cni_plugin.node import names_in
from cni_plugin.scripted import RESULT, good, serving

if TYPE_CHECKING:
    from pathlib import Path

    from cni_plugin.node import Node


def test_comments_blanks_and_unknown_keys_are_ignored(node: Node) -> None:
    with serving(good) as server:
        node.settings.write_text(
            f"# node settings\n\n  server={server.url}   # the only one\n"
            "\tnode\t=\tfirst\n#node = commented\ncluster = a#b\nfuture_key = x = y\n"
            f"node = last\r\nspool = {node.spool}\n"
        )
        assert node.call().stdout == RESULT
    (request,) = server.requests
    assert request.get("Rowhouse-Node") == b"last"
    assert request.get("Rowhouse-Cluster") == b"a#b"
    assert request.get("Authorization") is None


def test_a_byte_order_mark_is_no_part_of_the_first_key(node: Node) -> None:
    with serving(good) as server:
        node.settings.write_text(f"server = {server.url}\n", encoding="utf-8-sig")
        assert node.call().stdout == RESULT


def test_a_missing_file_is_code_7_and_says_what_to_create(node: Node) -> None:
    error = node.call().error
    assert error["code"] == 7
    assert str(node.settings) in error["msg"]
    assert "No such file" in error["msg"]
    assert "create" in error["details"]
    assert "server =" in error["details"]
    assert "ROWHOUSE_CONFIG" in error["details"]


def test_without_rowhouse_config_the_usual_file_is_read(node: Node) -> None:
    before = "rowhouse_cni.settings.DEFAULT_FILE = '/nonexistent/rowhouse.conf'"
    error = node.call(ROWHOUSE_CONFIG=None, before=before).error
    assert "/nonexistent/rowhouse.conf" in error["msg"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("server", "10.0.0.1:8080"),
        ("server", "ftp://10.0.0.1"),
        ("server", "http://"),
        ("server", "http://:8080"),
        ("server", "http://host:0"),
        ("server", "http://host:65536"),
        ("server", "http://host:port"),
        ("server", "http://::1:8080"),
        ("server", "http://[::1"),
        ("server", "http://[::1]8080"),
        ("server", "http://host/?a=b"),
        ("server", "http://h\u00f6st"),
        ("server", "http://good http://bad:x"),
        ("timeout", "0"),
        ("timeout", "-1"),
        ("timeout", "soon"),
        ("timeout", "nan"),
        ("timeout", "inf"),
        ("timeout", "601"),
        ("token_file", "relative/token"),
        ("ca_file", "ca.pem"),
        ("spool", "spool"),
        ("node", "a\x07b"),
        ("cluster", "a\x1bb"),
        ("direct", "no"),
        ("direct", "false"),  # without agent
    ],
)
def test_a_bad_value_is_code_7_and_names_key_value_and_file(
    node: Node, key: str, value: str
) -> None:
    node.configure("http://127.0.0.1:1", **{key: value})
    error = node.call().error
    assert error["code"] == 7
    assert f"{key} = {value.rpartition(' ')[2]} in {node.settings} can't be used: " in error["msg"]


def test_a_password_in_a_url_is_refused_but_not_shown(node: Node) -> None:
    node.configure("https://admin:hunter2@10.0.0.1")
    outcome = node.call()
    assert outcome.code == 7
    assert b"hunter2" not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize("content", ["", "# nothing\n", "timeout = 5\n", "server =\n"])
def test_a_file_without_server_is_code_7(node: Node, content: str) -> None:
    node.settings.write_text(content)
    error = node.call().error
    assert error["code"] == 7
    assert error["msg"] == f"no `server` in {node.settings}"


def test_a_line_that_is_no_setting_is_code_7_with_its_number(node: Node) -> None:
    node.settings.write_text("server = http://h\nserver http://h\n")
    error = node.call().error
    assert error["code"] == 7
    assert "line 2" in error["msg"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"server = http://h\nnode = \xe9\n"])
def test_a_file_that_is_no_text_is_code_7(node: Node, content: bytes) -> None:
    node.settings.write_bytes(content)
    assert node.call().code == 7


def test_the_settings_may_not_be_a_folder(node: Node, tmp_path: Path) -> None:
    assert "Is a directory" in node.call(ROWHOUSE_CONFIG=str(tmp_path)).error["msg"]


@pytest.mark.parametrize(
    "make",
    [
        "world-writable",
        pytest.param("a group's", marks=pytest.mark.needs("root")),
        pytest.param("another's", marks=pytest.mark.needs("root")),
    ],
)
def test_settings_that_others_may_change_are_not_obeyed(node: Node, make: str) -> None:
    """They name the server that is sent the node's token; a DEL is kept where nothing was named."""
    with serving(good) as server:
        node.configure(server.url)
        if make == "world-writable":
            node.settings.chmod(0o646)
        else:
            os.chown(node.settings, 0 if make == "a group's" else 65534, 65534)
            node.settings.chmod(0o664)
        refused = node.call()
        assert refused.code == 7
        assert "other users may change it" in refused.error["msg"]
        assert node.call("DEL").exit_status == 0
    assert server.asked == []
    assert names_in(node.default_spool)


def test_a_pipe_in_place_of_the_settings_does_not_block(node: Node) -> None:
    os.mkfifo(node.settings)
    assert "no `server`" in node.call().error["msg"]


def test_settings_that_are_too_large_are_not_read(node: Node) -> None:
    node.settings.touch()
    os.truncate(node.settings, 1 << 40)
    assert "too large" in node.call().error["msg"]


def test_a_pipe_in_place_of_the_token_does_not_block(node: Node) -> None:
    node.token.unlink()
    os.mkfifo(node.token)
    node.configure("http://127.0.0.1:9")
    assert "can't use token_file" in node.call().error["msg"]
