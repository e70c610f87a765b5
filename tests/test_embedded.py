"""The embedded PostgreSQL: durable, alone in its directory, and gone with its parent."""

from __future__ import annotations

import importlib.util
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from rowhouse.embedded import EmbeddedPostgres, EmbeddedPostgresError, binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUICK = {"fsync": "off", "logging_collector": "off", "shared_buffers": "16MB"}


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter: pytest's tmp_path is closed to others."""
    with tempfile.TemporaryDirectory(prefix="rowhouse-test-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def ask(postgres: EmbeddedPostgres, query: str, database: str = "postgres") -> str:
    with psycopg.connect(postgres.conninfo(database)) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def eventually(claim: Callable[[], bool], *, seconds: float = 240.0) -> bool:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_alive(pid: int) -> bool:
    try:
        # A process that was not reaped yet has ended nevertheless.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_data_outlives_the_server(place: Path) -> None:
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        postgres.create_database("rowhouse")
        postgres.create_database("rowhouse")  # there already: fine
        with psycopg.connect(postgres.conninfo("rowhouse")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        assert ask(postgres, "SELECT answer FROM kept", "rowhouse") == "42"


@pytest.mark.parametrize("version", [16, 18])
def test_it_is_durable_and_listens_to_no_network(place: Path, version: int) -> None:
    with EmbeddedPostgres(place / "db", version=version) as postgres:
        assert ask(postgres, "SHOW server_version_num").startswith(str(version))
        assert ask(postgres, "SHOW fsync") == "on"
        assert ask(postgres, "SHOW synchronous_commit") == "on"
        assert ask(postgres, "SHOW full_page_writes") == "on"
        assert ask(postgres, "SHOW data_checksums") == "on"
        assert ask(postgres, "SHOW listen_addresses") == ""
        assert ask(postgres, "SHOW server_encoding") == "UTF8"
        assert stat.S_IMODE(postgres.directory.stat().st_mode) == 0o700


def test_the_users_own_pg_variables_change_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nonexistent")
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        assert ask(postgres, "SHOW port") == "5432"


def test_a_second_server_in_the_same_directory_is_refused(place: Path) -> None:
    with EmbeddedPostgres(place / "db", options=QUICK) as first:
        with pytest.raises(EmbeddedPostgresError) as refusal:
            EmbeddedPostgres(place / "db", options=QUICK, lock_timeout=0.1).__enter__()
        assert f"is running in {place / 'db'} (postmaster {first.pid})" in str(refusal.value)
        assert ask(first, "SELECT 1") == "1"


def test_a_stale_pid_file_that_names_a_live_process_does_not_stop_it(place: Path) -> None:
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        owner = postgres.directory.stat()
        left = (place / "db/data/postmaster.pid").read_text().splitlines()
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid, group=owner.st_gid) as bystander:
        try:
            stale = place / "db/data/postmaster.pid"
            stale.write_text("\n".join([str(bystander.pid), *left[1:]]) + "\n")
            os.chown(stale, owner.st_uid, owner.st_gid)
            with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
                assert ask(postgres, "SELECT 1") == "1"
            assert bystander.poll() is None
        finally:
            bystander.kill()


PARENT = """
import sys, time
from rowhouse.embedded import EmbeddedPostgres
directory = sys.argv[1] or None
with EmbeddedPostgres(directory, options={"fsync": "off", "logging_collector": "off"}) as postgres:
    print(postgres.pid, postgres.directory, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["temporary", "kept"])
def test_it_ends_with_a_parent_that_is_killed(place: Path, kind: str) -> None:
    directory = "" if kind == "temporary" else str(place / "db")
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, directory],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid, where = parent.stdout.readline().split()
        assert is_alive(int(pid))
        parent.send_signal(signal.SIGKILL)
    assert eventually(lambda: not is_alive(int(pid)))
    if kind == "temporary":
        assert eventually(lambda: not Path(where).exists())
    else:
        with EmbeddedPostgres(directory, options=QUICK) as postgres:
            assert ask(postgres, "SELECT 1") == "1"


def test_postgresql_holds_the_lock_until_its_own_end(place: Path) -> None:
    # In a program of its own, the lock gets the lowest descriptor, which the guardian's shell uses.
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(place / "db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline().split()[0])
        os.kill(pid, signal.SIGSTOP)
        try:
            parent.kill()
            parent.wait()
            with pytest.raises(EmbeddedPostgresError, match="another embedded PostgreSQL"):
                EmbeddedPostgres(place / "db", options=QUICK, lock_timeout=0.1).__enter__()
            assert (place / "db/data/postmaster.pid").exists()
        finally:
            os.kill(pid, signal.SIGCONT)
    assert eventually(lambda: not is_alive(pid))


def test_a_stop_in_its_first_moments_is_not_lost(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedPostgres(place / "db", options=QUICK):
        pass

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def complain(*_: object) -> None:
        pytest.fail("it had to be killed")

    monkeypatch.setattr(EmbeddedPostgres, "_wait_until_ready", interrupt)
    monkeypatch.setattr(os, "kill", complain)
    for _ in range(8):
        with pytest.raises(KeyboardInterrupt):
            EmbeddedPostgres(place / "db", options=QUICK).__enter__()


def test_a_temporary_one_leaves_nothing() -> None:
    with EmbeddedPostgres(None, options=QUICK) as postgres:
        pid, directory = postgres.pid, postgres.directory
        assert ask(postgres, "SELECT 1") == "1"
    assert not is_alive(pid)
    assert not directory.exists()


def test_a_forked_child_that_leaves_the_context_does_not_stop_it() -> None:
    with EmbeddedPostgres(None, options=QUICK) as postgres:
        child = os.fork()
        if child == 0:
            postgres.__exit__(None, None, None)
            os._exit(0)
        os.waitpid(child, 0)
        assert ask(postgres, "SELECT 1") == "1"


def test_a_directory_of_another_version_is_refused(place: Path) -> None:
    with EmbeddedPostgres(place / "db", version=16, options=QUICK):
        pass
    with pytest.raises(EmbeddedPostgresError, match=r"contains data of PostgreSQL 16, but .* 18"):
        EmbeddedPostgres(place / "db", version=18, options=QUICK).__enter__()


def test_an_interrupted_initdb_is_repeated(place: Path) -> None:
    (place / "db" / "data.new" / "base").mkdir(parents=True)
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        assert ask(postgres, "SELECT 1") == "1"


def test_a_directory_with_other_things_in_it_is_refused_and_left_alone(place: Path) -> None:
    (place / "photos").mkdir()
    before = place.stat()
    with pytest.raises(EmbeddedPostgresError, match="it contains 'photos'"):
        EmbeddedPostgres(place, options=QUICK).__enter__()
    assert (place.stat().st_mode, place.stat().st_uid) == (before.st_mode, before.st_uid)


def test_a_path_too_long_for_a_socket_works(place: Path) -> None:
    deep = place / ("a" * 80) / ("b" * 80) / "with, comma and space"
    with EmbeddedPostgres(deep, options=QUICK) as postgres:
        assert ask(postgres, "SELECT 1") == "1"
        assert postgres.url().startswith("postgresql+psycopg://")
        sockets = postgres.socket_directory
    assert not sockets.exists()


def test_a_server_that_cannot_start_says_why(place: Path) -> None:
    wrong = QUICK | {"shared_buffers": "many"}
    with pytest.raises(EmbeddedPostgresError, match='invalid value for parameter "shared_buffers"'):
        EmbeddedPostgres(place / "db", options=wrong).__enter__()
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        assert ask(postgres, "SELECT 1") == "1"


def test_without_the_wheel_the_error_tells_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(EmbeddedPostgresError, match=r"pip install 'rowhouse-ipam\[embedded\]'"):
        EmbeddedPostgres(None)


def test_an_unknown_version_and_a_wrong_bindir_are_named(place: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="no embedded PostgreSQL 12: there are 16 and"):
        EmbeddedPostgres(None, version=12)
    with pytest.raises(EmbeddedPostgresError, match=f"no PostgreSQL in {place}"):
        EmbeddedPostgres(None, bindir=place)


@pytest.mark.needs("root")
def test_root_may_keep_the_binaries_where_no_one_else_can_go(place: Path) -> None:
    private = place / "private"
    private.mkdir(mode=0o700)
    wheel = binaries().parents[1]
    for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        (private / part.name).symlink_to(part)
    bindir = private / binaries().relative_to(wheel.parent)
    with EmbeddedPostgres(None, bindir=bindir, options=QUICK) as postgres:
        assert ask(postgres, "SELECT 1") == "1"
    assert not postgres.directory.exists()


@pytest.mark.needs("root")
def test_root_is_told_when_the_directory_is_where_no_one_else_can_go(place: Path) -> None:
    private = place / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(EmbeddedPostgresError, match=r"cannot enter .*private/db"):
        EmbeddedPostgres(private / "db", options=QUICK).__enter__()


@pytest.mark.needs("root")
def test_started_by_root_it_runs_as_the_owner_of_the_directory(place: Path) -> None:
    (place / "db").mkdir()
    os.chown(place / "db", 65534, 65534)
    with EmbeddedPostgres(place / "db", options=QUICK) as postgres:
        assert Path(f"/proc/{postgres.pid}").stat().st_uid == 65534
