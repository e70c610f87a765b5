"""Who runs the command, for history and audit: user@host, as the operating system knows them."""

from __future__ import annotations

import os
import pwd
import socket


def operator() -> str:
    """The user of this process, by uid and not by the environment, and the machine."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid {uid}"
    return f"{user}@{socket.gethostname()}"
