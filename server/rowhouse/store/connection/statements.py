"""The server's queries: one file each, in the folder `sql` beside the module that runs it."""

from __future__ import annotations

import functools
from importlib.resources import files
from itertools import dropwhile
from typing import LiteralString


@functools.cache
def statement(module: str, name: str) -> LiteralString:
    """The query `sql/NAME.sql` beside a module, given as its `__name__`.

    Modules store it in a constant, so no call reads a file. The comment at the top of the file is for readers and is
    removed.
    """
    package = module.rpartition(".")[0]
    text = files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    lines = dropwhile(lambda line: line.startswith("--"), text.splitlines())
    return "\n".join(lines)
