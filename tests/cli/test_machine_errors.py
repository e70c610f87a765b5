"""What the machine does to a command is one line, never a stack trace: every command is tried."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
import trustme

from cli.conftest import Rowhouse
from fixtures.servers import serving
from fixtures.shared import closed_port
from rowhouse.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.databases import Database
    from fixtures.servers import Server

ARGUMENTS = {
    "pool change": ("a", "--name", "b"),
    "pool create": ("10.0.0.0/24",),
    "pool delete": ("a", "--yes"),
    "pool drain": ("a",),
    "pool fill": ("a",),
    "pool show": ("a",),
    "pool undrain": ("a",),
    "network delete": ("a", "--yes"),
    "address reassign": ("10.0.0.1", "--name", "x", "--yes"),
    "address release": ("10.0.0.1", "--yes"),
    "address reserve": ("a", "--name", "x"),
    "address edit": ("10.0.0.1", "--no-ttl"),
    "address free": ("a",),
    "address show": ("10.0.0.1",),
    "exclusion create": ("10.0.0.1",),
    "exclusion delete": ("1",),
    "gateway forget": ("1",),
    "quota delete": ("a",),
    "quota set": ("a", "1"),
    "who": ("10.0.0.1",),
    "pod": ("a/b",),
    "history": ("10.0.0.1",),
    "explain": ("10.0.0.1",),
    "token create": ("a", "--role", "viewer"),
    "token revoke": ("a",),
    "import pods": ("FILE",),
    "import whereabouts": ("FILE",),
    "db downgrade": ("base", "--yes"),
    "db prune": ("--older-than", "90d", "--yes"),
    "completion": ("bash",),
}
"""Arguments with which a command gets as far as its work."""


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(leaves(main))
FILES = [
    (name, parameter.opts[0])
    for name, command in COMMANDS.items()
    for parameter in command.params
    if isinstance(parameter.type, click.Path) and parameter.param_type_name == "option"
]


def arguments(name: str, file: Path) -> list[str]:
    return [
        *name.split(),
        *(str(file) if one == "FILE" else one for one in ARGUMENTS.get(name, ())),
    ]


def run(command: list[str], capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and standard error of a command in this process."""
    with pytest.raises(SystemExit) as end:
        main(command, prog_name="rowhouse")
    code = end.value.code
    assert isinstance(code, int), code
    told = capfd.readouterr().err
    assert "Traceback" not in told
    return code, told


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command reaches a server, a database or a cluster."""
    for name in [name for name in os.environ if name.startswith(("ROWHOUSE_", "KUBE"))]:
        monkeypatch.delenv(name)
    port = closed_port()
    monkeypatch.setenv("ROWHOUSE_DATABASE_URL", f"postgresql://127.0.0.1:{port}/gone")
    monkeypatch.setenv("ROWHOUSE_POOL_TIMEOUT", "0.1")
    monkeypatch.setenv("KUBECONFIG", "/nonexistent/kubeconfig")


@pytest.mark.parametrize("name", COMMANDS)
def test_an_argument_that_is_not_utf8_is_named(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    code, told = run([*name.split(), os.fsdecode(b"\xff\xfe-no")], capfd)
    assert (code, told) == (2, "Error: \\xff\\xfe-no: not valid UTF-8\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_on_standard_output_is_named(
    name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        code, told = run([*name.split(), "--help"], capfd)
    assert (code, told) == (1, f"Error: standard output: {os.strerror(errno.ENOSPC)}\n")


@pytest.mark.parametrize(("name", "option"), FILES)
@pytest.mark.parametrize("kind", ["folder", "binary", "missing", "not-a-folder"])
def test_a_file_that_cannot_be_used_is_named(
    name: str,
    option: str,
    kind: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if (name, option) == ("demo", "--plugin"):
        pytest.skip("a missing plugin is replaced, and the demo is in tests/test_demo.py")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    objects = tmp_path / "objects.yaml"
    objects.write_text("{}")
    file = {
        "folder": tmp_path,
        "binary": binary,
        "missing": tmp_path / "missing" / "x",
        "not-a-folder": binary / "x",
    }[kind]
    if option == "--embedded" and kind in {"folder", "missing"}:
        pytest.skip("a directory is what it asks for")
    if option == "--ready-file" and kind == "binary":
        pytest.skip("it is replaced")
    if name in {"import whereabouts", "import pods"} and option == "--kubeconfig":
        command = [*name.split()]
    else:
        command = arguments(name, objects)
    if option in {"--token-file", "--ca-file"}:
        command += ["--server", f"https://127.0.0.1:{closed_port()}"]
    if option == "--tls-key":
        command += ["--tls-cert", str(binary)]
    if name == "serve":
        command += ["--bind", "127.0.0.1:0"]
    if option == "--embedded":
        monkeypatch.delenv("ROWHOUSE_DATABASE_URL")
    code, told = run([*command, option, str(file)], capfd)
    assert code in {1, 2, 4, 6}
    assert "Error: " in told or "FAIL" in told or name == "doctor"


@pytest.mark.parametrize("name", ["import whereabouts", "import pods"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[", b"{" * 5000, b"a: &a [*a]", b"\x00"])
def test_objects_that_cannot_be_read_are_named(
    name: str, content: bytes | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "objects.yaml"
    if content is not None:
        file.write_bytes(content)
    code, told = run(arguments(name, file), capfd)
    assert code in {1, 2, 4}
    assert "Error: " in told


@pytest.mark.parametrize("name", COMMANDS)
def test_a_variable_that_is_not_utf8_has_no_stack_trace(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "demo":
        pytest.skip("it does not read our variables")
    for variable in ("ROWHOUSE_DATABASE_URL", "ROWHOUSE_CLUSTER", "KUBECONFIG", "ROWHOUSE_LABELS"):
        monkeypatch.setenv(variable, os.fsdecode(b"\xff\xfe"))
    objects = tmp_path / "objects.yaml"
    objects.write_text("{}")
    run(arguments(name, objects), capfd)


# Real processes: what an interpreter does at its end is part of it.


def process(*command: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "rowhouse", *command],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=240,
        **options,
    )


@pytest.mark.parametrize("command", [("db", "sql"), ("completion", "bash"), ("--version",)])
def test_the_end_of_the_interpreter_adds_nothing_to_a_full_disk(command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = process(*command, stdout=full)
    assert done.stderr == f"Error: standard output: {os.strerror(errno.ENOSPC)}\n"
    assert done.returncode == 1


@pytest.mark.parametrize("command", [("db", "sql"), ("completion", "bash"), ("--help",)])
def test_a_reader_that_leaves_is_no_error_to_tell(command: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert process(*command, stdout=writing).stderr == ""
    finally:
        os.close(writing)


@pytest.mark.parametrize(
    ("command", "closed"),
    [
        *(("pool list", closed) for closed in ("1", "2", "1 2", "0 1 2")),
        ("db check", "1 2"),
        ("completion bash", "0 1 2"),
    ],
)
def test_closed_standard_streams_are_no_error(command: str, closed: str) -> None:
    redirected = " ".join(f"{number}>&-" for number in closed.split())
    script = f"exec {redirected}; exec {sys.executable} -m rowhouse {command}"
    done = subprocess.run(
        ["/bin/sh", "-c", script], check=False, timeout=240, capture_output=True, text=True
    )
    assert done.returncode in {0, 4}
    assert "Traceback" not in done.stdout + done.stderr


def test_ctrl_c_is_one_word() -> None:
    """The command waits for the answer of a server that never sends one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        line = [sys.executable, "-m", "rowhouse", "pool", "list", "--server", url]
        with (
            subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as waiting,
            listener.accept()[0] as accepted,
        ):
            accepted.recv(1)
            waiting.send_signal(signal.SIGINT)
            assert waiting.communicate(timeout=240)[1] == "interrupted\n"
        assert waiting.returncode == 130


def test_an_existing_file_may_have_any_name(tmp_path: Path) -> None:
    token = Path(os.fsdecode(bytes(tmp_path) + b"/\xff"))
    token.write_text("rh_token\n")
    url = f"http://127.0.0.1:{closed_port()}"
    for given in (["--token-file", str(token)], [f"--token-file={token}"]):
        done = process("pool", "list", "--server", url, *given, stdout=subprocess.DEVNULL)
        assert done.stderr.startswith("Error: no answer from ")


# What a server tells about a wrong --server.


@pytest.mark.parametrize("path", ["/wrong", "/api/v1", "/metrics/..;", "/livez"])
def test_a_wrong_path_is_named(server: Server, path: str) -> None:
    told = Rowhouse()("pool", "list", "--server", server.url + path, code=3).stderr
    assert f"{server.url}{path} does not answer as a Rowhouse server" in told
    assert "--server (ROWHOUSE_SERVER)" in told


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"[]", b'{"items": []}'])
def test_another_program_that_says_ok_is_named(body: bytes) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{other.server_address[1]}"
            told = Rowhouse()("pool", "list", "--server", url, code=3).stderr
        finally:
            other.shutdown()
            thread.join()
    assert "does not answer as a Rowhouse server" in told


def test_a_server_of_https_is_told_and_so_is_the_option_for_its_authority(
    database: Database, tmp_path: Path
) -> None:
    authority, certificate = trustme.CA(), tmp_path / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with serving(
        tmp_path,
        arguments=["--tls-cert", str(certificate)],
        environment={"ROWHOUSE_DATABASE_URL": database.url, "ROWHOUSE_AUTH": "off"},
    ) as server:
        plain = server.url.replace("https:", "http:")
        told = Rowhouse()("pool", "list", "--server", plain, code=4).stderr
        assert told.startswith(f"Error: {plain} serves https, not http\nHint: Use https://")
        told = Rowhouse()("pool", "list", "--server", server.url, code=4).stderr
        assert told.startswith(f"Error: the certificate of {server.url} is not trusted: ")
        assert "--ca-file (ROWHOUSE_CA_FILE)" in told
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        trusted = ("--ca-file", str(tmp_path / "ca.pem"))
        told = Rowhouse()("pool", "list", "--server", elsewhere, *trusted, code=4).stderr
        assert "Use a name or an address of the server's certificate" in told


# `rowhouse serve`: before a database is made.


@pytest.mark.parametrize(
    ("variables", "options", "told"),
    [
        ({"ROWHOUSE_POOL_SIZE": "many"}, (), "ROWHOUSE_POOL_SIZE='many'"),
        ({}, ("--tls-key", "FILE"), "--tls-key needs --tls-cert"),
        ({}, ("--tls-cert", "FILE"), "cannot be used"),
        ({}, ("--ready-file", "/nonexistent/ready"), "/nonexistent/ready cannot be written"),
    ],
)
def test_a_bad_setting_is_found_before_a_database_is_made(
    variables: dict[str, str],
    options: tuple[str, ...],
    told: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ROWHOUSE_DATABASE_URL")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "file"
    file.touch()
    given = [str(file) if one == "FILE" else one for one in options]
    command = ["serve", "--embedded", str(tmp_path / "db"), "--bind", "127.0.0.1:0", *given]
    code, said = run(command, capfd)
    assert code in {2, 4}
    assert told in said
    assert not (tmp_path / "db").exists()
