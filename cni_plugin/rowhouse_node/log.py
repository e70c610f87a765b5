"""The daemon's log: lines on standard error."""

import os

from rowhouse_cni.errors import visible


def say(text: str) -> None:
    """One line of the log. Never raises: the disk of the log may be full."""
    try:
        os.write(2, f"rowhouse-node: {visible(text)}\n".encode("utf-8", "replace"))
    except OSError:
        pass
