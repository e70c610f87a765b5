"""Whether this process can still do its work. Kubernetes restarts it if /livez says no."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Liveness:
    """The checks of a process.

    A check must not query the database or other servers: a restart of this process would not help them.
    """

    def __init__(self) -> None:
        self._checks: list[Callable[[], str | None]] = []

    def add(self, check: Callable[[], str | None]) -> None:
        """Add a check, which returns why the process cannot do its work, or None. It must not block."""
        self._checks.append(check)

    def problem(self) -> str | None:
        """Return the first problem; None if there is none."""
        return next(filter(None, (check() for check in self._checks)), None)
