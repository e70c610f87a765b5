"""Tells what a parser raises about bytes that it cannot read from a fault of the server.

A parser, whichever it is, raises many kinds of errors about its input. The same kinds come from bugs, so the kind does
not tell: the place does. An error is about the input if a parser of the caller's bytes raised it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ABOUT_A_VALUE: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""Python's errors about a value, rather than about a file, a connection or a database."""

_INVALID_VALUE: Final = (ArithmeticError, RecursionError, ValueError)

_PARSERS: Final = (
    "werkzeug",
    "rowhouse.auth.bearer_token",
    "rowhouse.auth.cookie",
    "rowhouse.auth.jwt",
    "rowhouse.auth.oidc.attempt",
    "rowhouse.auth.oidc.provider",
    "rowhouse.auth.origin",
    "rowhouse.store.connection.deadline",
    "rowhouse.web.session",
)
_NO_PARSER: Final = "werkzeug.local"  # finds the request, which every view uses


def is_about_input(error: BaseException) -> bool:
    """Whether a parser of the caller's bytes raised the error, rather than a bug.

    Our own parsers meet numbers out of range, deep nesting and invalid values; other kinds are bugs there, too.
    """
    modules = list(_modules(error))
    if not isinstance(error, ABOUT_A_VALUE) or not any(map(_is_parser, modules)):
        return False
    return not _is_in("rowhouse", modules[-1]) or isinstance(error, _INVALID_VALUE)


def raised_at(error: BaseException) -> str:
    """The line that raised it, as FILE:LINE; for a log without a stack trace."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def _modules(error: BaseException) -> Iterator[str]:
    """Yield the modules through which the error passed, the one that raised it last."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next


def _is_parser(module: str) -> bool:
    return not _is_in(_NO_PARSER, module) and any(_is_in(parser, module) for parser in _PARSERS)


def _is_in(package: str, module: str) -> bool:
    return module == package or module.startswith(f"{package}.")
