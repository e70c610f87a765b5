"""PostgreSQL servers that may be killed: durable, with replicas, their addresses the same after each start.

The product's own embedded server (`rowhouse.embedded`) cares for a directory and clears up behind a crash.
Here the crash is the subject, and standbys are needed, so the programs are run as an administrator would.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from rowhouse.embedded.account import Account
from rowhouse.embedded.binaries import DEFAULT_VERSION, binaries, copy_binaries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg.rows import TupleRow

DATABASE: Final = "rowhouse"
PORT: Final = 5432  # names the socket; no port is opened
MAX_WAIT_SECONDS: Final = 60.0

SETTINGS: Final = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "16MB",
    "wal_log_hints": "on",
    "wal_keep_size": "64MB",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "50ms",
    "log_min_messages": "warning",
}
"""Every durability setting as it is by default; small and quick for the rest."""

# The server ends with this shell, and this shell when our end of the pipe is gone: also if we are killed.
GUARDIAN: Final = """
exec 3<&0; "$@" 3<&- </dev/null & server=$!
{ read -r _ <&3; kill -QUIT $server; } 2>/dev/null & guard=$!
exec 3<&-; wait $server; code=$?; kill $guard 2>/dev/null; exit $code
"""


class Installation:
    """The programs, an account that may run them, and a folder of its own for clusters."""

    def __init__(self, account: Account, programs: Path, folder: Path) -> None:
        self.account = account
        self.programs = programs
        self.folder = folder

    def run(self, program: str, *arguments: str | Path) -> str:
        """Run a program as the account; what it said.

        Raises RuntimeError if it failed.
        """
        done = self.account.run([self.programs / program, *arguments])
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def initialise(self, name: str) -> Postgres:
        """A new cluster, with checksums."""
        data = self.folder / name / "data"
        self.make(name)
        self.run(
            "initdb", "-U", "postgres", "-D", data, "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--data-checksums", "--no-sync",
        )  # fmt: skip
        return Postgres(self, data)

    def copy(self, stopped: Postgres, name: str, *, under: Path | None = None) -> Postgres:
        """A copy of a cluster that does not run."""
        data = (under or self.folder / name) / "data"
        _give(data.parent, self.account)
        done = self.account.run(["cp", "-a", stopped.data, data])
        assert done.returncode == 0, done.stderr
        return Postgres(self, data)

    def make(self, name: str) -> Path:
        """A folder that is the account's."""
        folder = self.folder / name
        _give(folder, self.account)
        return folder


def _give(folder: Path, account: Account) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if account.is_other:
        os.chown(folder, account.uid, account.gid)


@contextlib.contextmanager
def installation(version: int = DEFAULT_VERSION) -> Iterator[Installation]:
    """The wheel's PostgreSQL, and a temporary folder with a name short enough for sockets."""
    account = Account.for_directory(None)
    folder = Path(tempfile.mkdtemp(prefix="rowhouse-faults-", dir="/tmp"))
    try:
        programs = binaries(version)
        account.take_over(folder)
        if not account.can_reach(programs / "postgres"):
            programs = copy_binaries(programs, folder)
            account.take_over(folder)
        yield Installation(account, programs, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Postgres:
    """One cluster, running or not. Its socket is in the folder that its data is in."""

    def __init__(self, installed: Installation, data: Path) -> None:
        self.data = data
        self.settings: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        """Variables for the server, from its next start on."""
        self._installed = installed
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """What libpq calls the host."""
        return str(self.data.parent)

    def conninfo(self, database: str = DATABASE) -> str:
        """For libpq, whatever role the server has."""
        return f"host={self.host} port={PORT} user=postgres dbname={database}"

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])

    def start(self, settings: Mapping[str, str] | None = None) -> None:
        """Start, and wait until it accepts connections; recovery after a crash is part of it.

        The backends of a postmaster that was killed must have ended first, which they do by themselves.
        """
        if settings is not None:
            self.settings = dict(settings)
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while True:
            self._launch()
            if self._is_up(deadline):
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL in {self.data} did not start: {self.log()[-2000:]}")

    def _launch(self) -> None:
        options = SETTINGS | self.settings
        options |= {"listen_addresses": "", "port": str(PORT)}
        options["unix_socket_directories"] = self.host
        command: list[str | Path] = ["/bin/sh", "-c", GUARDIAN, "guardian"]
        command += [self._installed.programs / "postgres", "-D", self.data]
        command += [f"--{name}={value}" for name, value in options.items()]
        self.release()
        with (self.data.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._arguments(),
            )

    def _arguments(self) -> dict[str, Any]:
        arguments = self._installed.account.process_arguments()
        return arguments | {"env": arguments["env"] | self.environment}

    def _is_up(self, deadline: float) -> bool:
        """Whether it came up; False if it went."""
        assert self._process is not None
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                with psycopg.connect(self.conninfo("postgres"), connect_timeout=2):
                    return True
            except psycopg.OperationalError:
                time.sleep(0.02)
        return False

    def log(self) -> str:
        """What it wrote."""
        return (self.data.parent / "log").read_text(errors="replace")

    def kill(self) -> None:
        """kill -9 of the postmaster; returns when it is gone, its backends may live a moment longer."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def stop(self, mode: signal.Signals = signal.SIGINT) -> None:
        """Stop in order: SIGINT is pg_ctl's "fast"."""
        os.kill(self.pid, mode)
        self.wait()

    def is_running(self) -> bool:
        """Whether the process that `start` made is there."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> None:
        """Wait for its end."""
        assert self._process is not None
        self._process.wait(MAX_WAIT_SECONDS)
        self.release()

    def release(self) -> None:
        """Let go of a process that has ended."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(MAX_WAIT_SECONDS)
            self._process = None

    def end(self) -> None:
        """Whatever its state: it does not run any more, and neither does any of its backends."""
        if self.is_running():
            with contextlib.suppress(FileNotFoundError):  # it was never up, or is going
                os.kill(self.pid, signal.SIGQUIT)
        self.release()
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while self.has_processes() and time.monotonic() < deadline:
            time.sleep(0.02)

    def discard(self) -> None:
        """End it, and remove all that it has written."""
        self.end()
        shutil.rmtree(self.data.parent, ignore_errors=True)

    def has_processes(self) -> bool:
        """Whether any process works in its directory."""
        return any(_works_in(self.data, entry) for entry in Path("/proc").iterdir())

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """SIGSTOP of all of it: it takes connections and never answers."""
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if _works_in(self.data, entry)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def session(self, database: str = DATABASE) -> psycopg.Connection[TupleRow]:
        """A superuser's session, autocommit."""
        return psycopg.connect(self.conninfo(database), autocommit=True)

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[TupleRow]:
        """Run one statement in a session of its own."""
        with self.session("postgres") as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def verify_checksums(self) -> None:
        """Every page of a stopped cluster is as it was written. Raises RuntimeError."""
        self._installed.run("pg_checksums", "--check", "-D", self.data)

    def make_standby(self, primary: Postgres, name: str) -> None:
        """Follow `primary` from the next start on."""
        conninfo = f"host={primary.host} port={PORT} user=postgres application_name={name}"
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.write(f"primary_conninfo = '{conninfo}'\nrecovery_target_timeline = 'latest'\n")
        signal_file = self.data / "standby.signal"
        signal_file.touch(mode=0o600)
        if self._installed.account.is_other:
            os.chown(signal_file, self._installed.account.uid, self._installed.account.gid)

    def base_backup(self, name: str) -> Postgres:
        """Another cluster with all of this one, by pg_basebackup."""
        other = Postgres(self._installed, self._installed.folder / name / "data")
        self._installed.make(name)
        self._installed.run(
            "pg_basebackup", "-d", self.conninfo("postgres"), "-D", other.data,
            "--checkpoint=fast", "--no-sync", "--wal-method=stream",
        )  # fmt: skip
        return other

    def rewind(self, to: Postgres) -> None:
        """Undo what this stopped former primary has and `to`, the new one, has not."""
        self._installed.run(
            "pg_rewind", "-D", self.data, f"--source-server={to.conninfo('postgres')}", "--no-sync",
            "--config-file", self.data / "postgresql.conf",
        )  # fmt: skip

    def promote(self) -> None:
        """Make a standby a primary; returns when it takes writes."""
        self.query("SELECT pg_promote(true, 60)")


def _works_in(folder: Path, process: Path) -> bool:
    try:
        return process.name.isdecimal() and (process / "cwd").readlink() == folder
    except OSError:
        return False
