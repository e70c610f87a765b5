"""The user of the command for history and audit: user@host, from the operating system."""

from __future__ import annotations

import os
import pwd
import socket


def operator() -> str:
    """Return the user of this process, by uid and not by the environment, and the host."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid {uid}"
    return f"{user}@{socket.gethostname()}"
