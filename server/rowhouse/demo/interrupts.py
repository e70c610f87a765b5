"""Handle Ctrl-C and similar signals. The demo stops between two steps, never within one."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Final

from rowhouse.demo.errors import Interrupted

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Remembers a signal for `check`, which raises Interrupted.

    A second signal ends the demo at once; the keeper still cleans up.
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup
            self._previous[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise Interrupted if a signal has arrived."""
        if self._received is not None:
            raise Interrupted(self._received)

    def _remember(self, number: int, _frame: object) -> None:
        self._received = number
        for other in self._previous:
            signal.signal(other, signal.SIG_DFL)
