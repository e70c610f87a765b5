"""What a parser raises about bytes that it cannot read, whichever parser it is."""

from __future__ import annotations

from typing import Final

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


def raised_at(error: BaseException) -> str:
    """The line that raised it, as FILE:LINE; for a log without a stack trace."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
