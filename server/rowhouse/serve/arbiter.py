"""The parent of the worker processes: it starts them, replaces dead ones and stops them."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn

from gunicorn import arbiter, sock
from gunicorn.errors import HaltServer

from rowhouse.domain.errors import RowhouseError

if TYPE_CHECKING:
    from collections.abc import Callable

_HURRIED_SECONDS: Final = 2.0
STOPS: Final = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)


class Arbiter(arbiter.Arbiter):
    """Ctrl-C stops gracefully, like SIGTERM; a second one stops immediately.

    Args:
        app: the application.
        watch: called once a second and when a child process ends. A RowhouseError from it stops the server, and is
            then in `failure`.
    """

    def __init__(self, app: Any, watch: Callable[[], None] | None = None) -> None:
        super().__init__(app)
        self._watch = watch
        self.failure: RowhouseError | None = None

    def murder_workers(self) -> None:
        """Watch, and kill stuck workers; the main loop calls this once a second."""
        self._check()
        super().murder_workers()

    def handle_chld(self) -> None:
        """Watch before gunicorn takes the exit status of all children."""
        self._check()
        super().handle_chld()

    handle_cld = handle_chld  # the signal has two names

    def _check(self) -> None:
        if self._watch is None:
            return
        try:
            self._watch()
        except RowhouseError as error:
            self.failure = error
            raise HaltServer(error.message, 1) from error

    def handle_int(self) -> NoReturn:
        """Stop gracefully on SIGINT."""
        raise StopIteration  # how gunicorn's own handle_term says "stop gracefully"

    def spawn_worker(self) -> int:
        """Start a worker process.

        Until it installs its own handlers, it has the arbiter's, which have no effect there: it would ignore a stop
        signal and be killed after the grace period. So stop signals stay blocked until then (Worker.init_signals).
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def stop(self, graceful: bool = True) -> None:  # noqa: FBT001, FBT002 - gunicorn's signature
        """Stop the workers, and kill those that take too long.

        gunicorn's own method uses the wall clock, which may jump.
        """
        sock.close_sockets(self.LISTENERS, unlink=False)  # type: ignore[arg-type]  # its own sockets
        self.LISTENERS = []  # type: ignore[misc]  # as gunicorn does
        self.kill_workers(signal.SIGTERM if graceful else signal.SIGQUIT)
        until = time.monotonic() + self.cfg.graceful_timeout
        while self.WORKERS and (left := until - time.monotonic()) > 0:
            hurried = {signal.SIGINT, signal.SIGQUIT}.intersection(
                self.wait_for_signals(timeout=min(left, 0.1))
            )
            if hurried:
                self.kill_workers(signal.SIGQUIT)
                until = min(until, time.monotonic() + _HURRIED_SECONDS)
            self.reap_workers()
        self.kill_workers(signal.SIGKILL)
        self.reap_workers()
