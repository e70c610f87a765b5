"""The end of a process that has nothing left to do."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn


def leave(status: int) -> NoReturn:
    """End this process at once, without the interpreter's own tidying.

    That takes half a second of CPU, first in the process that served, then in the one above it: on a node with too
    much to do a stop came to last longer than the 30 s after which Kubernetes kills.
    """
    with contextlib.suppress(OSError, ValueError):  # nobody may be there to read it
        sys.stdout.flush()
    os._exit(status)
