"""The daemon's log: lines on standard error."""

import sys

from rowhouse_cni.errors import visible


def say(text: str) -> None:
    """One line of the log."""
    print(f"rowhouse-node: {visible(text)}", file=sys.stderr, flush=True)  # noqa: T201 - its log
