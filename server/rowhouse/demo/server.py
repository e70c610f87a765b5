"""The demo's server, `rowhouse serve --embedded`, and the keeper that always stops it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from rowhouse.demo.errors import DemoError, LeftBehindError
from rowhouse.demo.programs import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

# $1 is the folder to remove at the end, $2 a Python, the rest the server's command line. The `read`
# ends when the demo ends for any reason, because the other end of the pipe is then closed.
# A server that is stopped while it starts may leave an initdb or a PostgreSQL that is still stopping.
# All of them hold the lock of their directory (rowhouse.embedded), so the lock is free only after the last one.
_KEEPER: Final = """
folder=$1; python=$2; shift 2
"$@" </dev/null & server=$!
exec >/dev/null 2>&1
read -r _
kill $server; wait $server
"$python" -c 'import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX)' "$folder/db/lock"
rm -rf -- "$folder"
"""
_LISTENING: Final = "rowhouse: listening on "
_DATABASE: Final = "rowhouse: database "
_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 60.0


class Server:
    """A server with its own PostgreSQL in `folder`, which it creates and removes at the end.

    Args:
        folder: the folder for everything that the demo writes.
        enter: the start of a command line that runs on the demo's node.
        bind: HOST:PORT; port 0 picks a free one.
    """

    def __init__(self, folder: Path, *, enter: Sequence[str], bind: str = "127.0.0.1:0") -> None:
        self.folder = folder
        self.arguments = ["serve", "--embedded", str(folder / "db"), "--bind", bind]
        self._enter = enter
        self._log = folder / "server.log"
        self._printed = b""

    def __enter__(self) -> Self:
        # Root starts PostgreSQL as another user, which must be able to reach its data in this folder.
        self.folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700)
        command = ["/bin/sh", "-c", _KEEPER, "rowhouse-demo"]
        command += [str(self.folder), sys.executable]
        command += [*self._enter, sys.executable, "-m", "rowhouse", *self.arguments]
        with self._log.open("wb") as log:
            self._keeper = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # Temporary files are removed with the folder.
                env=clean_environment(TMPDIR=str(self.folder)),
                # Ctrl-C must reach only the demo, which then stops the server.
                start_new_session=True,
            )
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Stop the server, remove its folder, and check both.

        Raises:
            LeftBehindError: something is still there.
        """
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.close()
        self._keeper.stdout.close()
        try:
            self._keeper.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise LeftBehindError(
                f"the server is still stopping; {self.folder} will be removed with it"
            ) from None
        if self.folder.exists():
            raise LeftBehindError(f"{self.folder} could not be removed")

    def wait_until_ready(self, check: Callable[[], None]) -> None:
        """Wait until the server is ready; `check` is called meanwhile, and may raise.

        Raises:
            DemoError: the server did not start.
        """
        deadline = time.monotonic() + _START_SECONDS
        while _LISTENING not in self.printed:
            check()
            if not self._read() or time.monotonic() > deadline:
                words = self._log.read_text(errors="replace").splitlines()[-5:]
                raise DemoError("\n".join(["the server did not start:", *words]))

    @property
    def printed(self) -> str:
        """The complete lines of its output so far."""
        return self._printed.decode().rpartition("\n")[0]

    @property
    def url(self) -> str:
        """The server's URL."""
        return self._after(_LISTENING)

    @property
    def conninfo(self) -> str:
        """The libpq URI of its database."""
        return self._after(_DATABASE)

    def _read(self) -> bool:
        """Read new output; False if the server has exited."""
        assert self._keeper.stdout is not None
        pipe = self._keeper.stdout.fileno()
        if not select.select([pipe], [], [], 0.1)[0]:
            return True
        piece = os.read(pipe, 65536)
        self._printed += piece
        return bool(piece)

    def _after(self, words: str) -> str:
        lines = self.printed.splitlines()
        return next(line.removeprefix(words) for line in lines if line.startswith(words))
