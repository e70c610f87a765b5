"""How the demo runs other programs: to their end, and without what is set for others."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from rowhouse.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Sequence

# What would lead a program to another server or another database.
_OF_OTHERS: Final = ("ROWHOUSE_", "CNI_", "PG", "NODENAME")
_SECONDS: Final = 30.0


def clean_environment(**variables: str) -> dict[str, str]:
    """Ours without what is set for others, and `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_OTHERS)}
    return kept | variables


def run(
    command: Sequence[str], *, given: str = "", variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command` with `given` on standard input and `variables` added to its environment.

    Raises:
        DemoError: it cannot be started, or does not end.
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
            # Ctrl-C is for the demo alone, which stops when this step is over.
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DemoError(f"{command[0]}: {error}") from error
