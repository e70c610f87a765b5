"""The server's life: its start, its addresses and its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from rowhouse.embedded.account import Account
from rowhouse.embedded.binaries import DEFAULT_VERSION, binaries, copy_binaries, version_of
from rowhouse.embedded.directory import PORT, Directory, fits_a_socket
from rowhouse.embedded.errors import EmbeddedPostgresError
from rowhouse.embedded.processes import end_orphans

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

SUPERUSER: Final = "postgres"

# $1 is a folder to remove at the end, $2 the file for the server's first words, the rest its
# command line. The `wait` ends when the server does, for whatever reason; the guard's `read` ends
# when our end of the pipe writes a line or is gone. What a shell runs in the background ignores SIGINT
# until it says otherwise, so a stop in the server's first moments needs SIGTERM; later the two make a
# fast shutdown. If the server ends by itself, the folder stays, because the server may be started again.
_GUARDIAN: Final = """
scratch=$1; exec 3<&0 >"$2" 2>&1; shift 2
"$@" 3<&- </dev/null & server=$!
{ read -r _ <&3; kill -TERM $server; kill -INT $server; } 2>/dev/null & guard=$!
exec 3<&-
wait $server; code=$?
kill $guard 2>/dev/null && exit $code
rm -rf -- "$scratch"
exit $code
"""


class EmbeddedPostgres:
    """A PostgreSQL server in `directory` for as long as the context lasts.

    Args:
        directory: where its data lives; made when missing. None: a temporary directory, removed
            at the end even when this process is killed.
        version: major version, one of those in the wheel; must be the directory's.
        bindir: use the binaries in this folder instead of the wheel's; `version` is then ignored.
        options: server settings, as in postgresql.conf. `fsync=off` also skips it in initdb.
        start_timeout: seconds until it must accept connections; recovery after a crash counts.
        lock_timeout: seconds to wait for an earlier server in the same directory to end.

    Raises:
        EmbeddedPostgresError: on entering the context.
    """

    def __init__(
        self,
        directory: Path | str | None,
        *,
        version: int = DEFAULT_VERSION,
        bindir: Path | str | None = None,
        options: Mapping[str, str] | None = None,
        start_timeout: float = 60.0,
        lock_timeout: float = 5.0,
    ) -> None:
        self.bindir = binaries(version) if bindir is None else Path(bindir).absolute()
        self.version = version if bindir is None else version_of(self.bindir)
        self._requested = None if directory is None else Path(directory).expanduser().absolute()
        self._options = dict(options or {})
        self._start_timeout = start_timeout
        self._lock_timeout = lock_timeout

    def __enter__(self) -> Self:
        self._owner_pid = os.getpid()
        with contextlib.ExitStack() as undo:
            try:
                self._start(undo)
            except OSError as error:
                raise EmbeddedPostgresError(f"embedded PostgreSQL: {error}") from error
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        # A forked child (a gunicorn worker) leaves through the frames of its parent.
        if os.getpid() == self._owner_pid:
            self._undo.close()

    @property
    def directory(self) -> Path:
        """Where the data is."""
        return self._place.path

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._place.postmaster_pid()

    def url(self, database: str = SUPERUSER) -> str:
        """The SQLAlchemy URL of `database`, for the psycopg driver."""
        return "postgresql+psycopg" + self.conninfo(database).removeprefix("postgresql")

    def conninfo(self, database: str = SUPERUSER) -> str:
        """The libpq URI of `database`: for psycopg, psql, pgbench, pg_dump."""
        host = quote(str(self.socket_directory), safe="")
        return f"postgresql://{SUPERUSER}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def create_database(self, name: str) -> None:
        """Create the database `name` unless it is there."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            except psycopg.errors.DuplicateDatabase:
                return

    def _start(self, undo: contextlib.ExitStack) -> None:
        account = Account.for_directory(self._requested)
        scratch = _make_scratch(undo)
        self._place = Directory(self._requested or scratch / "postgres", account)
        programs = self.bindir
        if not account.can_reach(self.bindir / "postgres"):
            programs = copy_binaries(self.bindir, scratch)
        account.take_over(scratch)
        self._place.claim()
        lock = self._place.lock(undo, seconds=self._lock_timeout)
        self.socket_directory = self.directory if fits_a_socket(self.directory) else scratch
        initdb: list[str | Path] = [programs / "initdb", "-U", SUPERUSER]
        if self._options.get("fsync") == "off":
            initdb.append("--no-sync")
        self._place.initialise(initdb, version=self.version, lock=lock)
        self._place.remove_stale_locks()
        command: list[str | Path] = ["/bin/sh", "-c", _GUARDIAN, "rowhouse-postgres"]
        command += [scratch, self._place.startup_log]
        command += [programs / "postgres", "-D", self._place.data]
        command += [f"--{name}={value}" for name, value in self._settings().items()]
        self._command = command
        self._lock = lock
        self._account = account
        self._process = self._launch()
        undo.callback(self._stop)
        self._wait_until_ready()

    def _launch(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=False,
            # Ctrl-C in a terminal must reach us alone: requests end first, then the server.
            start_new_session=True,
            pass_fds=(self._lock,),
            **self._account.process_arguments(),
        )

    def ended(self) -> str | None:
        """Return how the server ended; None while it runs."""
        status = self._process.poll()
        if status is None:
            return None
        # The guardian passes on the server's status, as shells do: 137 is SIGKILL.
        number = -status if status < 0 else status - 128
        if number > 0:
            return f"signal {number} ({signal.strsignal(number)})"
        return f"exit status {status}"

    def require_data(self) -> None:
        """Check that the data is still there.

        Raises:
            EmbeddedPostgresLostError: it is not.
        """
        self._place.require_data()

    def start_again(self) -> bool:
        """Start the server after it `ended`; return False if that is not possible yet."""
        self._ask_to_stop()  # if only its guardian was killed
        if not self._place.is_deserted():
            return False
        try:
            self._process = self._launch()
        except OSError:  # no memory, or no process left
            return False
        return True

    def last_words(self) -> str:
        """Return the reason for the last failure, as the server's logs give it."""
        return self._place.last_words()

    def _settings(self) -> dict[str, str]:
        return {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": str(self.socket_directory),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "on",
            "log_directory": str(self._place.log),
            "log_filename": "postgresql-%a.log",
            "log_truncate_on_rotation": "on",
            "log_rotation_age": "1d",
            "log_rotation_size": "0",
        } | self._options

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._start_timeout
        while not self._place.is_ready():
            if self._process.poll() is not None:
                raise EmbeddedPostgresError(f"PostgreSQL did not start: {self._place.last_words()}")
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL in {self.directory} is not ready after {self._start_timeout:g} s:"
                    f" {self._place.last_words()}"
                )
            time.sleep(0.01)

    def _stop(self) -> None:
        self._ask_to_stop()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            # Immediate shutdown: the next start recovers, as after a power failure.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGQUIT)
            self._process.wait(timeout=10)
        end_orphans(self._place.data)  # of a server that died

    def _ask_to_stop(self) -> None:
        assert self._process.stdin is not None
        # A line and not only the end of the file: forked children may hold copies of the pipe.
        with contextlib.suppress(BrokenPipeError, ValueError), self._process.stdin as pipe:
            pipe.write(b"stop\n")


def _make_scratch(undo: contextlib.ExitStack) -> Path:
    """A folder with a short name for what must not stay; the guardian removes it for certain."""
    base = tempfile.gettempdir()
    if not fits_a_socket(Path(base, "rowhouse-12345678", "postgres")):
        base = "/tmp"  # noqa: S108 - mkdtemp makes a name of its own in it
    scratch = Path(tempfile.mkdtemp(prefix="rowhouse-", dir=base))
    (scratch / "postgres").mkdir(mode=0o700)
    undo.callback(shutil.rmtree, scratch, ignore_errors=True)
    return scratch
