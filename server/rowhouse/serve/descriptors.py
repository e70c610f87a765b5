"""How many connections a server process can have: each needs a file descriptor."""

from __future__ import annotations

import resource
from typing import Final

import structlog

OTHER_FILES: Final = (
    64  # the API's connections to the database, listeners, logs, certificates, modules
)

_log = structlog.get_logger(__name__)


def limit_connections(wanted: int, *, threads: int, pool_size: int) -> int:
    """Raise the limit of file descriptors as far as needed, and return how many connections fit into it.

    Child processes inherit the limit. `wanted`: the limit of connections from the settings. `pool_size`: the number of
    connections to the database.
    """
    others = pool_size + OTHER_FILES
    files = _raised(wanted + others)
    connections = max(threads + 1, min(wanted, files - others))
    if connections < wanted:
        _log.warning(
            "connections_limited",
            connections=connections,
            wanted=wanted,
            file_descriptors=files,
            hint="Raise the hard limit of open files (ulimit -Hn, LimitNOFILE), or lower ROWHOUSE_MAX_CONNECTIONS.",
        )
    else:
        _log.info("connection_limit", connections=connections, file_descriptors=files)
    return connections


def _raised(needed: int) -> int:
    """Raise the soft limit to `needed`, or to the hard limit if that is lower; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft == resource.RLIM_INFINITY:
        return needed
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(soft, most)
