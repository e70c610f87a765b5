"""Connect to a server with a token and its certificate authorities."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx

from .client import AuthenticatedClient, Client

if TYPE_CHECKING:
    from pathlib import Path


def connect(
    server: str,
    *,
    token: str | None = None,
    ca_file: Path | str | None = None,
    timeout_seconds: float = 30,
) -> AuthenticatedClient | Client:
    """Return a client of a server. As a context manager, it keeps its connections open until the end of the block.

    Args:
        server: The URL, such as https://rowhouse:8080.
        token: The bearer token; None: the server needs none.
        ca_file: Certificate authorities in PEM to trust instead of the system's.
        timeout_seconds: How long to wait for a connection, and for each part of an answer.

    Raises:
        OSError: `ca_file` cannot be read, or has no certificates (ssl.SSLError).
    """
    trusted = ssl.create_default_context(cafile=ca_file)
    timeout = httpx.Timeout(timeout_seconds)
    if token is None:
        return Client(server, timeout=timeout, verify_ssl=trusted)
    return AuthenticatedClient(server, token, timeout=timeout, verify_ssl=trusted)
