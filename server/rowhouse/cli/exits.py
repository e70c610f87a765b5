"""The exit codes; docs/reference/cli.md lists them."""

from __future__ import annotations

from typing import IO, Any, Final

import click

from rowhouse.cli.terminal import plain_lines

REFUSED: Final = 1
WRITTEN_WRONGLY: Final = 2
NOT_FOUND: Final = 3
NOT_READY: Final = 4
NOT_ALLOWED: Final = 5
INCOMPLETE: Final = 6
INTERRUPTED: Final = 130

_BY_STATUS: Final = {
    401: NOT_ALLOWED,
    403: NOT_ALLOWED,
    404: NOT_FOUND,
    429: NOT_READY,
    502: NOT_READY,
    503: NOT_READY,
    504: NOT_READY,
}


_WRONG_VALUES: Final = ("invalid-request", "settings")


def exit_code_of(http_status: int, problem_type: str = "") -> int:
    """Return the exit code for an HTTP status and, if known, the type of a problem.

    An invalid value is code 2, whether click, the command or the server rejects it.
    """
    if problem_type.rpartition("/")[2].rpartition(":")[2] in _WRONG_VALUES:
        return WRITTEN_WRONGLY
    return _BY_STATUS.get(http_status, REFUSED)


class Failure(click.ClickException):
    """A line with the error, and a line with the next step."""

    def __init__(self, message: str, *, hint: str = "", exit_code: int = REFUSED) -> None:
        super().__init__(plain_lines(message))
        self.hint = plain_lines(hint)
        self.code = exit_code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click reads it from the instance
        """The exit code."""
        return self.code

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it to standard error."""
        super().show(file)
        if self.hint:
            click.echo(f"Hint: {self.hint}", file=file, err=file is None)
