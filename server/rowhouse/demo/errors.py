"""How a demo ends early."""

from __future__ import annotations

import signal


class DemoError(Exception):
    """A step did not give what it should; the message says which, and what it gave instead."""


class LeftBehindError(DemoError):
    """Something of the demo is still there; the message says what."""


class Interrupted(Exception):
    """Somebody asked the demo to stop. `exit_status` is the shell's for this signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_status = 128 + number
