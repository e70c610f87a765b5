"""How a demo ends early."""

from __future__ import annotations

import signal


class DemoError(Exception):
    """A step had an unexpected result; the message names the step and the result."""


class LeftBehindError(DemoError):
    """Something of the demo is still there; the message says what."""


class Interrupted(Exception):
    """A signal stopped the demo. `exit_status` is the shell's for this signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_status = 128 + number
