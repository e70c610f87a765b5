"""`rowhouse serve`: says where it listens, ends its requests before it ends, says what is wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from faults.clock import Clock
from fixtures.servers import WITHOUT_DATABASE, serving
from rowhouse.cli import main
from rowhouse.serve import _GRACE_SECONDS

if TYPE_CHECKING:
    import http.client
    from collections.abc import Iterator

    from fixtures.servers import Server


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter: pytest's tmp_path is closed to others."""
    with tempfile.TemporaryDirectory(prefix="rowhouse-test-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def get(server: Server, path: str) -> http.client.HTTPResponse:
    answer: http.client.HTTPResponse = urllib.request.urlopen(server.url + path, timeout=10)
    return answer


def test_the_real_port_is_on_standard_output(server: Server) -> None:
    assert f"rowhouse: listening on {server.url}\n" in server.output.read_text()
    with get(server, "/readyz") as answer:
        assert answer.status == 200


def test_its_log_is_one_json_object_a_line_with_the_request_id(server: Server) -> None:
    request = urllib.request.Request(
        server.url + "/cni", data=b"{}", headers={"X-Request-ID": "seen-here"}
    )
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=10)
    refusal.value.close()
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert [line["event"] for line in lines if line.get("request_id") == "seen-here"]


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_answered_before_it_stops(
    server: Server, sig: signal.Signals
) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=120) as connection:
        connection.sendall(
            b"POST /cni HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{"
        )
        # The server has read the head: it is waiting for the rest of the body.
        with get(server, "/livez"):
            pass
        server.process.send_signal(sig)
        wait_until_refused(address.hostname or "", address.port or 0)
        connection.sendall(b"}")
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 4")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"]
    assert server.process.wait(timeout=240) == 0


@pytest.mark.needs("cc")
def test_a_clock_that_jumps_does_not_cut_short_a_stop(tmp_path: Path) -> None:
    """gunicorn gives those that serve a time by the wall clock, and kills them when that is over."""
    clock = Clock(tmp_path)
    with serving(tmp_path, environment=WITHOUT_DATABASE | clock.environment) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port), timeout=120) as connection:
            connection.sendall(b"POST /cni HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n")
            with get(server, "/livez"):
                pass
            server.process.terminate()
            wait_until_refused(address.hostname or "", address.port or 0)
            clock.jump(86_400)
            with pytest.raises(subprocess.TimeoutExpired):
                server.process.wait(1)
            connection.sendall(b"Connection: close\r\n\r\n{}")
            assert connection.makefile("rb").read().startswith(b"HTTP/1.1 4")
        assert server.process.wait(timeout=_GRACE_SECONDS) == 0


def test_a_killed_server_frees_its_address_though_a_request_is_under_way(tmp_path: Path) -> None:
    with serving(tmp_path, environment=WITHOUT_DATABASE) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port), timeout=120) as connection:
            connection.sendall(b"POST /cni HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n")
            with get(server, "/livez"):
                pass
            server.process.kill()
            server.process.wait()
            wait_until_refused(address.hostname or "", address.port or 0)
            # The worker still serves what it has begun.
            connection.sendall(b"Connection: close\r\n\r\n{}")
            assert connection.makefile("rb").read().startswith(b"HTTP/1.1 4")


def test_a_stop_reaches_a_process_that_is_just_being_made(tmp_path: Path) -> None:
    """It came with the handlers of its parent, which did nothing in it."""
    command = [sys.executable, "-m", "rowhouse", "serve", "--bind", "127.0.0.1:0"]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, env={**os.environ, **WITHOUT_DATABASE}, stderr=log)
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    while not children.read_text():
        assert server.poll() is None
    server.terminate()
    assert server.wait(timeout=_GRACE_SECONDS) == 0


def test_a_stop_does_not_wait_for_the_interpreters_cleanup(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        f"""import atexit, pathlib
here = pathlib.Path({str(tmp_path)!r})
(here / "begun").touch()
atexit.register((here / "tidied").touch)
"""
    )
    with serving(tmp_path, environment={**WITHOUT_DATABASE, "PYTHONPATH": str(tmp_path)}) as server:
        pass
    assert server.process.returncode == 0
    assert (tmp_path / "begun").exists()
    assert not (tmp_path / "tidied").exists()


def wait_until_refused(host: str, port: int) -> None:
    while True:
        try:
            socket.create_connection((host, port), timeout=5).close()
        except ConnectionResetError:
            continue
        except ConnectionRefusedError:
            return


def test_embedded_needs_nothing_and_keeps_its_data(place: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with serving(tmp_path, arguments=["--embedded", str(place / "db")]) as server:
            with get(server, "/readyz") as answer:
                assert answer.status == 200
            assert "rowhouse: database postgresql://" in server.output.read_text()
        assert server.process.returncode == 0
        assert not (place / "db/data/postmaster.pid").exists()


def test_without_a_database_both_ways_to_one_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROWHOUSE_DATABASE_URL", raising=False)
    result = CliRunner().invoke(main, ["serve"])
    assert result.exit_code == 2
    assert "ROWHOUSE_DATABASE_URL=postgresql://" in result.output
    assert "--embedded" in result.output


def test_two_databases_are_one_too_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROWHOUSE_DATABASE_URL", "postgresql://db/rowhouse")
    result = CliRunner().invoke(main, ["serve", "--embedded", str(tmp_path)])
    assert result.exit_code == 2
    assert "use only one of them" in result.output


@pytest.mark.parametrize("bind", ["8080", "localhost", "127.0.0.1:99999", "127.0.0.1:http"])
def test_a_wrong_address_is_named(bind: str) -> None:
    result = CliRunner().invoke(main, ["serve", "--bind", bind])
    assert result.exit_code == 2
    assert f'"{bind}" is not HOST:PORT' in result.output


def test_an_address_in_use_is_named_before_a_database_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("rowhouse.cli.serve._LETTING_GO_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        result = CliRunner().invoke(
            main, ["serve", "--embedded", str(tmp_path / "db"), "--bind", bind]
        )
    assert result.exit_code == 1
    assert f"Error: --bind {bind}: Address already in use\nHint: " in result.output
    assert not (tmp_path / "db").exists()


def test_missing_access_control_is_named_before_a_database_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ROWHOUSE_DATABASE_URL", raising=False)
    result = CliRunner().invoke(
        main, ["serve", "--embedded", str(tmp_path / "db"), "--bind", "0.0.0.0:0"]
    )
    assert result.exit_code != 0
    assert "Error: 0.0.0.0:0 is reachable from other machines, but access" in result.output
    assert "token create" not in result.output  # there is no database to create it in
    assert not (tmp_path / "db").exists()


def test_an_invalid_setting_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWHOUSE_DATABASE_URL", "postgresql://db/rowhouse")
    monkeypatch.setenv("ROWHOUSE_POOL_SIZE", "many")
    result = CliRunner().invoke(main, ["serve"])
    assert result.exit_code == 2
    assert result.output.startswith("Error: ROWHOUSE_POOL_SIZE='many': ")
    assert len(result.output.splitlines()) == 1
