"""The embedded PostgreSQL is started again when it dies, and the server says why when that is in vain."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from fixtures.servers import serving
from rowhouse.embedded import EmbeddedPostgres, EmbeddedPostgresLostError, Watch
from rowhouse.embedded.processes import processes
from rowhouse.embedded.watch import MAX_DEATHS, PERIOD_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from fixtures.servers import Server

QUICK = {"fsync": "off", "logging_collector": "off", "shared_buffers": "16MB"}


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter: pytest's tmp_path is closed to others."""
    with tempfile.TemporaryDirectory(prefix="rowhouse-test-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def until(claim: Callable[[], bool], *, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def postmaster(data: Path) -> int | None:
    return next((one.pid for one in processes(data) if one.is_postmaster), None)


def is_answering(postgres: EmbeddedPostgres) -> bool:
    try:
        with psycopg.connect(postgres.conninfo()) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def kill(postgres: EmbeddedPostgres) -> None:
    os.kill(postgres.pid, signal.SIGKILL)
    until(lambda: postgres.ended() is not None)


def watched(watch: Watch, postgres: EmbeddedPostgres, clock: Clock | None = None) -> None:
    """Watch until the server answers; the clock, if there is one, goes on by itself."""

    def claim() -> bool:
        if clock is not None:
            clock.now += 0.1
        watch()
        return is_answering(postgres)

    until(claim)


class Clock:
    """A clock that only its owner moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("directory", ["db", "d" * 100])
def test_a_killed_postgresql_is_started_again(
    place: Path, directory: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The second directory's path is too long for a socket, which is then in another one that must stay."""
    with EmbeddedPostgres(place / directory, options=QUICK) as postgres:
        watch = Watch(postgres)
        watch()
        first = postgres.pid
        with psycopg.connect(postgres.conninfo(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            kill(postgres)
        watch()
        until(lambda: is_answering(postgres))
        assert postgres.pid != first
        with psycopg.connect(postgres.conninfo()) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    (line,) = [line for line in "".join(capfd.readouterr()).splitlines() if "restarts" in line]
    assert "signal 9 (Killed)" in line
    assert not (place / directory / "data/postmaster.pid").exists()


def test_backends_that_a_dead_postmaster_left_do_not_prevent_the_start(place: Path) -> None:
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        watch = Watch(postgres)
        with psycopg.connect(postgres.conninfo()) as connection:
            left = connection.info.backend_pid
            os.kill(left, signal.SIGSTOP)  # it cannot notice the death
            kill(postgres)
            assert left in {one.pid for one in processes(place / "db/data")}
            watched(watch, postgres)
            assert left not in {one.pid for one in processes(place / "db/data")}


def test_backends_that_a_dead_server_left_do_not_prevent_the_next_one(place: Path) -> None:
    """They hold the lock of the directory."""
    with contextlib.ExitStack() as undo:
        with EmbeddedPostgres(place / "db", options=QUICK) as first:
            connection = undo.enter_context(psycopg.connect(first.conninfo()))
            os.kill(connection.info.backend_pid, signal.SIGSTOP)
            kill(first)
        with EmbeddedPostgres(place / "db", options=QUICK) as second:
            assert is_answering(second)


def test_the_backends_of_a_running_server_are_left_alone(place: Path) -> None:
    with EmbeddedPostgres(place / "db", options=QUICK) as first:
        before = processes(place / "db/data")
        with pytest.raises(Exception, match="another embedded PostgreSQL is running"):
            EmbeddedPostgres(place / "db", options=QUICK, lock_timeout=0.0).__enter__()
        assert {one.pid for one in before} >= {first.pid}
        assert is_answering(first)


def test_a_killed_guardian_is_replaced_together_with_its_server(place: Path) -> None:
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        watch = Watch(postgres)
        first = postgres.pid
        guardian = int(Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(guardian, signal.SIGKILL)
        until(lambda: postgres.ended() is not None)
        watched(watch, postgres)
        assert postgres.pid != first


def test_repeated_deaths_are_too_many_only_within_a_period(place: Path) -> None:
    clock = Clock()
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        watch = Watch(postgres, clock=clock)
        for _ in range(MAX_DEATHS + 1):
            kill(postgres)
            watched(watch, postgres, clock)
            clock.now += PERIOD_SECONDS / (MAX_DEATHS - 1)
        clock.now += PERIOD_SECONDS
        for _ in range(MAX_DEATHS - 1):
            kill(postgres)
            watch()
            clock.now += MAX_DEATHS
            watched(watch, postgres)
        kill(postgres)
        with pytest.raises(EmbeddedPostgresLostError, match="signal 9") as lost:
            watch()
        assert f"ended {MAX_DEATHS} times within {PERIOD_SECONDS:g} s" in str(lost.value)


@pytest.mark.parametrize("replaced", [False, True])
def test_removed_data_is_named(place: Path, *, replaced: bool) -> None:
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        watch = Watch(postgres)
        watch()
        (place / "db/data").rename(place / "elsewhere")
        if replaced:
            shutil.copytree(place / "elsewhere", place / "db/data")
        with pytest.raises(EmbeddedPostgresLostError, match="was removed while it was running"):
            watch()


@pytest.mark.needs("root")
def test_a_full_disk_is_named(place: Path) -> None:
    disk = place / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m,mode=755", "tmpfs", disk], check=True)
    try:
        clock = Clock()
        with EmbeddedPostgres(disk / "db", options=QUICK) as postgres:
            watch = Watch(postgres, clock=clock)
            kill(postgres)
            (disk / "db/data/postmaster.pid").unlink()  # no byte may be left for the next one
            with (
                (disk / "ballast").open("wb", buffering=0) as ballast,
                contextlib.suppress(OSError),
            ):
                while ballast.write(b"\0" * 4096):
                    pass
            with pytest.raises(EmbeddedPostgresLostError, match="no space left on the disk of"):
                watched(watch, postgres, clock)
            (disk / "ballast").unlink()
    finally:
        subprocess.run(["umount", disk], check=True)


class Callers:
    """Pods that come and go, by `/cni`, until the context ends; what was answered is in `held`."""

    def __init__(self, server: Server, number: int) -> None:
        self._url = server.url
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(one,)) for one in range(number)]
        self.held: dict[str, str] = {}
        self.surprises: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, caller: int) -> None:
        number = 0
        while not self._is_over.is_set():
            number += 1
            container = f"c{caller}-{number}"
            while (answer := self._call("ADD", container)) is None and not self._is_over.is_set():
                time.sleep(0.05)
            if answer is not None:
                self.held[container] = answer["ips"][0]["address"]

    def _call(self, command: str, container: str) -> dict[str, list[dict[str, str]]] | None:
        configuration = {"cniVersion": "1.0.0", "name": "n", "type": "bridge"}
        configuration["ipam"] = {"type": "rowhouse", "range": "10.9.0.0/16"}  # type: ignore[assignment]
        request = urllib.request.Request(
            self._url + "/cni",
            data=json.dumps(configuration).encode(),
            headers={
                "CNI-Command": command,
                "CNI-ContainerID": container,
                "CNI-NetNS": "/run/netns/x",
                "CNI-IfName": "net1",
                "CNI-Path": "/opt/cni/bin",
                "CNI-Args": f"K8S_POD_NAMESPACE=default;K8S_POD_NAME={container}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                found: dict[str, list[dict[str, str]]] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code != 503:
                self.surprises.append(f"{error.code} {error.read()!r}")
            return None


def test_calls_are_served_again_and_no_address_is_assigned_twice(
    place: Path, tmp_path: Path
) -> None:
    arguments = ["--embedded", str(place / "db")]
    data = place / "db/data"
    with serving(tmp_path, arguments=arguments) as server:
        with Callers(server, 8) as callers:
            for _ in range(3):
                enough = len(callers.held) + 50
                until(lambda enough=enough: len(callers.held) > enough)  # type: ignore[misc]
                killed = postmaster(data)
                assert killed is not None
                os.kill(killed, signal.SIGKILL)
                until(lambda killed=killed: postmaster(data) not in (None, killed))  # type: ignore[misc]
            enough = len(callers.held) + 50
            until(lambda: len(callers.held) > enough)
        assert callers.surprises == []
        assert len(set(callers.held.values())) == len(callers.held)
        conninfo = server.output.read_text().split("rowhouse: database ")[1].splitlines()[0]
        with psycopg.connect(conninfo) as connection:
            problems = connection.execute("SELECT * FROM rowhouse.integrity_problems").fetchall()
            rows = connection.execute(
                "SELECT container_id, host(address) FROM rowhouse.attachments"
            ).fetchall()
        assert problems == []
        kept: dict[str, str] = dict(rows)
        assert {one: kept[one] for one in callers.held} == {
            one: address.partition("/")[0] for one, address in callers.held.items()
        }
        restarts = [line for line in server.log.read_text().splitlines() if "restarts" in line]
        assert len(restarts) == 3


def test_a_server_without_its_database_says_why_and_ends(place: Path, tmp_path: Path) -> None:
    data = place / "db/data"
    with serving(tmp_path, arguments=["--embedded", str(place / "db")]) as server:
        while server.process.poll() is None:
            if (killed := postmaster(data)) is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(killed, signal.SIGKILL)
            time.sleep(0.01)
        assert server.process.returncode == 4
        *_, error, hint = server.log.read_text().splitlines()
        assert error.startswith("Error: the embedded PostgreSQL in ")
        assert "ended 5 times within 60 s, the last time with signal 9 (Killed)" in error
        assert hint.startswith("Hint: ")
        until(lambda: processes(data) == [])


def test_a_server_whose_data_is_removed_says_why_and_ends(place: Path, tmp_path: Path) -> None:
    with serving(tmp_path, arguments=["--embedded", str(place / "db")]) as server:
        (place / "db/data").rename(place / "elsewhere")
        assert server.process.wait(timeout=240) == 4
        assert "Error: the data of the embedded PostgreSQL in " in server.log.read_text()
        until(lambda: processes(place / "elsewhere") == [])
