"""Wait for a database that is not reachable or not ready yet."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import click

from rowhouse.cli.terminal import plain
from rowhouse.cli.times import Duration, span
from rowhouse.domain.errors import NotReady, TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable

BETWEEN_TRIES_SECONDS = 1.0
SIGTERM_STATUS = 128 + signal.SIGTERM

wait_option = click.option(
    "--wait",
    "wait_seconds",
    type=Duration(),
    default=0.0,
    help="Wait up to this long for the database: 10m. Default: do not wait.",
)


def wait_until(check: Callable[[], None], seconds: float) -> None:
    """Call `check` until it raises neither NotReady nor TryAgain, for at most `seconds`.

    Each new reason is printed once to standard error. Raises the last error, with the time waited.
    """
    if threading.current_thread() is threading.main_thread():
        # The first process of a container ignores SIGTERM unless it handles it.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(SIGTERM_STATUS))
    until = time.monotonic() + seconds
    told = ""
    while True:
        try:
            check()
        except (NotReady, TryAgain) as error:
            reason = str(error).partition("\n")[0]
            if time.monotonic() + BETWEEN_TRIES_SECONDS > until:
                if not seconds:
                    raise
                raise type(error)(
                    f"waited {span(seconds)} for the database: {reason}", hint=error.hint
                ) from error
            if reason != told:
                waiting = f"waiting for the database, up to {span(seconds)}: {reason}"
                click.echo(plain(waiting), err=True)
                told = reason
        else:
            return
        time.sleep(BETWEEN_TRIES_SECONDS)
