"""Errors of the machine as one line: a full disk, a closed pipe, an unreadable file, text that is not UTF-8."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING, Final

from rowhouse.cli.exits import REFUSED, WRITTEN_WRONGLY, Failure

# The commands write nothing else, and an error of writing has no file name.
_OF_OUTPUT: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_LAST_STREAM: Final = 2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@contextlib.contextmanager
def named_errors(arguments: Iterable[str]) -> Iterator[None]:
    """Exit with a line instead of a stack trace.

    Args:
        arguments: the command line; an invalid one is named.
    """
    _open_streams()
    try:
        try:
            _require_text(arguments)
            yield
        finally:
            _flush()
    except Failure as failure:
        failure.show()
        raise SystemExit(failure.exit_code) from failure
    except UnicodeError as error:
        Failure(f"text that is not valid UTF-8: {error}").show()
        raise SystemExit(WRITTEN_WRONGLY) from error
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):  # standard error may be full, too
            _failure_of(error).show()
        _discard_output()
        raise SystemExit(REFUSED) from error


def _open_streams() -> None:
    """Open closed standard streams on /dev/null, so that no socket or file gets their numbers."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= _LAST_STREAM:
        os.set_inheritable(opened, True)  # noqa: FBT003 - the standard library's signature
    os.close(opened)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def _require_text(arguments: Iterable[str]) -> None:
    """Refuse arguments that are not UTF-8. The name of an existing file may be of any bytes.

    Raises:
        Failure: names the first such argument.
    """
    for argument in arguments:
        value = argument.partition("=")[2] if argument.startswith("--") else argument
        if not _is_text(argument) and not os.path.lexists(value):
            shown = argument.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            raise Failure(f"{shown}: not valid UTF-8", exit_code=WRITTEN_WRONGLY)


def _failure_of(error: OSError) -> Failure:
    """Return the failure for an error of the operating system."""
    what = error.strerror or str(error) or type(error).__name__
    if error.filename is not None:
        return Failure(f"{os.fsdecode(error.filename)}: {what}")
    return Failure(f"standard output: {what}" if error.errno in _OF_OUTPUT else what)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _flush() -> None:
    with contextlib.suppress(AttributeError, ValueError):  # closed
        sys.stdout.flush()


def _discard_output() -> None:
    """Drop what could not be written; otherwise the interpreter reports it again when it exits."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
