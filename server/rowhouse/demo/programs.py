"""Runs other programs to their end, without environment variables that could mislead them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from rowhouse.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Prefixes of variables that would direct a program to another server or database.
_MISLEADING: Final = ("ROWHOUSE_", "CNI_", "PG", "NODENAME")
_SECONDS: Final = 30.0


def clean_environment(**variables: str) -> dict[str, str]:
    """Return our environment without misleading variables, and with `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_MISLEADING)}
    return kept | variables


def run(
    command: Sequence[str], *, given: str = "", variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command` with `given` on standard input and `variables` added to its environment.

    Raises:
        DemoError: it does not start, or does not end in time.
    """
    try:
        return subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            env=clean_environment(**(variables or {})),
            # Ctrl-C must reach only the demo, which stops after this step.
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DemoError(f"{command[0]}: {error}") from error
