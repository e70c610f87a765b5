"""What keeps the pods of a node from getting addresses is named, with the remedy; nothing is changed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from auth.issuer import ApiServer, claims
from cni_plugin.scripted import closed_port, good, refusal, serving
from fixtures import servers
from fixtures.signing import signed
from rowhouse.doctor.examination import CHECKS as SERVER_CHECKS
from rowhouse.doctor.examination import examine
from rowhouse.doctor.surroundings import Surroundings
from rowhouse_node.doctor.finding import FAILED, Finding
from rowhouse_node.doctor.report import CHECKS, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cni_plugin.scripted import Scripted
    from fixtures.databases import Database
    from node.host import Host


class Node:
    """A host with the real plugin on it."""

    def __init__(self, host: Host, plugin: Path) -> None:
        self.host = host
        self.plugin = plugin.parent

    def arguments(self, *more: str) -> tuple[str, ...]:
        return (f"--plugin={self.plugin}", *more)

    def install(self, *more: str) -> None:
        done = self.host.do("install", "v1", *self.arguments(*more))
        assert done.returncode == 0, done.stderr

    def findings(self, *more: str, code: int = 0) -> dict[str, dict[str, str]]:
        done = self.host.do("doctor", "v1", *self.arguments("-o", "json", *more))
        assert done.returncode == code, done.stdout + done.stderr
        items = json.loads(done.stdout)["items"]
        assert len(items) == len(CHECKS)
        assert all(one["remedy"] for one in items if one["state"] in {"failed", "warning"})
        return {one["check"]: one for one in items}

    def fails(self, check: str, *more: str) -> dict[str, str]:
        """What the one check that fails says; none of the others does."""
        found = self.findings(*more, code=4)
        assert found[check]["state"] == "failed", found
        return found[check]


@pytest.fixture
def server() -> Iterator[Scripted]:
    with serving(good) as running:
        yield running


@pytest.fixture
def node(host: Host, plugin: Path, server: Scripted) -> Node:
    host.server = server.url
    made = Node(host, plugin)
    made.install()
    return made


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path)] = status.st_mode, status.st_mtime_ns
    return found


def test_a_node_on_which_all_is_well_and_nothing_is_changed(node: Node) -> None:
    folders = (node.host.bin, node.host.config, node.host.state)
    before = [snapshot(folder) for folder in folders]
    found = node.findings()
    assert {one["state"] for one in found.values()} <= {"ok", "skipped"}, found
    assert found["STATUS"]["state"] == "ok"
    assert "version 0.1.0" in found["plugin"]["found"]
    assert [snapshot(folder) for folder in folders] == before


def test_people_get_a_table_and_the_remedies_below(node: Node) -> None:
    (node.host.bin / "rowhouse").unlink()
    done = node.host.do("doctor", "v1", *node.arguments())
    assert done.returncode == 4
    table, _, remedies = done.stdout.partition("\n\n")
    assert table.startswith("CHECK")
    assert len(table.splitlines()) == len(CHECKS) + 1
    assert "failed: folder: " in remedies
    assert "kubectl rollout restart" in remedies


def test_a_node_that_was_never_installed(host: Host, plugin: Path) -> None:
    found = Node(host, plugin).findings(code=4)
    failing = {check for check, one in found.items() if one["state"] == "failed"}
    assert failing == {"settings", "token", "folder", "plugin", "STATUS"}


def test_settings_of_another_daemon(node: Node) -> None:
    found = node.findings("--cluster=other", code=6)
    assert found["settings"]["state"] == "warning"


def test_settings_that_the_plugin_cannot_use(node: Node) -> None:
    (node.host.config / "rowhouse.conf").write_text("server = ftp://x\n")
    assert "ftp://x" in node.fails("settings")["found"]


def test_a_token_that_was_not_copied(node: Node) -> None:
    node.host.project("token-2")
    assert "is not the token of" in node.fails("token")["found"]
    (node.host.config / "token").unlink()
    assert "cannot be read" in node.fails("token")["found"]


def test_a_token_that_has_expired(node: Node) -> None:
    node.host.project(signed(claims("node-1", exp=int(time.time()) - 90)))
    node.install()
    found = node.fails("token")
    assert "expired 9" in found["found"]
    assert "kubelet" in found["remedy"]


def test_a_token_that_the_server_refuses(host: Host, plugin: Path) -> None:
    with serving(refusal(401, 110, "the token is refused")) as server:
        host.server = server.url
        made = Node(host, plugin)
        made.install()
        found = made.fails("STATUS")
    assert "the token is refused (code 110)" in found["found"]
    assert "ROWHOUSE_NODE_SERVICE_ACCOUNTS" in found["remedy"]


@pytest.mark.parametrize("form", ["table", "json"])
def test_no_escape_sequence_reaches_the_terminal(form: str) -> None:
    found = Finding("STATUS", FAILED, "\x1b[2J\x9b2J\x7f", "\x9b2J")
    assert text([found], form).replace("\n", "").isprintable()


def test_no_server_that_answers(host: Host, plugin: Path) -> None:
    with closed_port() as url:
        host.server = url
        made = Node(host, plugin)
        made.install()
        found = made.fails("STATUS")
    assert url in found["found"]
    assert "this node reaches them" in found["remedy"]


def test_authorities_that_cannot_be_used(node: Node) -> None:
    source = node.host.root / "ca.crt"
    trustme.CA().cert_pem.write_to_path(str(source))
    option = f"--ca-source={source}"
    node.install(option)
    assert node.findings(option)["authorities"]["found"].startswith("1 in ")
    trustme.CA().cert_pem.write_to_path(str(source))
    assert "is not" in node.fails("authorities", option)["found"]
    (node.host.config / "ca.crt").write_text("nothing")
    assert "cannot be used" in node.fails("authorities", option)["found"]


def test_a_folder_that_another_program_changed(node: Node) -> None:
    folder = node.host.bin / (node.host.bin / "rowhouse.d").readlink()
    (folder / "more").write_text("")
    assert "changed since it was installed" in node.fails("folder")["found"]


def test_whose_file_is_named_whereabouts(node: Node) -> None:
    assert "does not exist" in node.findings()["whereabouts"]["found"]
    node.install("--as-whereabouts")
    assert "is Rowhouse's" in node.findings("--as-whereabouts")["whereabouts"]["found"]
    assert node.findings(code=6)["whereabouts"]["state"] == "warning"
    # Its own DaemonSet copies its binary over ours.
    (node.host.bin / "whereabouts").write_bytes(b"#!/bin/sh\n")
    found = node.fails("whereabouts", "--as-whereabouts")
    assert "another installer's: a file of 10 bytes" in found["found"]
    assert "DaemonSet" in found["remedy"]
    assert "another plugin's" in node.findings()["whereabouts"]["found"]


def test_a_plugin_of_another_version_and_one_that_does_not_run(node: Node) -> None:
    launcher = node.host.bin / "rowhouse"
    launcher.write_text("#!/bin/sh\n# rowhouse.d\necho 'CNI plugin rowhouse v0.0.9: x' >&2\n")
    assert "0.0.9" in node.findings(code=6)["plugin"]["found"]
    launcher.chmod(0o644)
    assert "cannot be run" in node.fails("plugin")["found"]


def test_dels_that_wait_and_that_were_refused(node: Node) -> None:
    node.host.keep_del("c1")
    spool = node.host.state / "spool"
    refused = spool / "refused"
    refused.mkdir(0o700)
    [entry] = [one for one in spool.iterdir() if one.is_file()]
    shutil.copy(entry, refused / entry.name)
    found = node.findings(code=6)["spool"]
    assert found["found"] == "1 DELs are waiting for a server, 1 were refused"
    # The STATUS went through the plugin, which sends what is kept whenever a server answers.
    assert "0 DELs are waiting" in node.findings(code=6)["spool"]["found"]
    assert "runbook" in found["remedy"]
    spool.chmod(0o777)
    assert "accessible to other users" in node.fails("spool")["found"]


def test_the_real_server_and_what_rowhouse_doctor_shows_of_it(
    host: Host, plugin: Path, database: Database, tmp_path: Path
) -> None:
    host.project(signed(claims("node-1")))
    with ApiServer() as api_server:
        environment: dict[str, Any] = {
            "ROWHOUSE_DATABASE_URL": database.url,
            "ROWHOUSE_AUTH": "required",
            "ROWHOUSE_JWKS": f"{api_server.url}/openid/v1/jwks",
        }
        with servers.serving(tmp_path, environment=environment) as server:
            host.server = server.url
            made = Node(host, plugin)
            made.install()
            found = made.findings()
            assert "of https://kubernetes.default.svc" in found["token"]["found"]
            where = Surroundings(
                {
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": os.pathsep.join(sys.path),
                    "ROWHOUSE_NODE_SERVER": server.url,
                    "ROWHOUSE_NODE_NAME": "node-1",
                    "ROWHOUSE_NODE_BIN_DIR": str(host.bin),
                    "ROWHOUSE_NODE_CONFIG_DIR": str(host.config),
                    "ROWHOUSE_NODE_STATE_DIR": str(host.state),
                    "ROWHOUSE_NODE_AGENT": str(host.root / "agent.sock"),
                    "ROWHOUSE_NODE_TOKEN_SOURCE": str(host.projected / "token"),
                }
            )
            [check] = [one for one in SERVER_CHECKS if one.name == "node"]
            [result] = examine(where, [check])
    assert [one.about for one in result.findings] == list(found)
    assert {one.state for one in result.findings} <= {"ok", "skipped"}, result
