"""The server's TLS certificate, which is reloaded when it changes."""

from __future__ import annotations

import os
import ssl
import threading
from typing import Final

import structlog

from rowhouse.domain.errors import NotReady

_log = structlog.get_logger(__name__)
_OLDEST: Final = ssl.TLSVersion.TLSv1_3

_Version = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate chain and its key in files.

    Each new connection uses the current files; open connections are not affected. If the files are unusable,
    for example while only one of them has been replaced, the previous certificate stays in use.

    Args:
        chain: path of the certificate and its issuers, PEM.
        key: path of its private key; "" if the key is in the same file.

    Errors: NotReady.
    """

    def __init__(self, chain: str, key: str = "") -> None:
        self._chain = chain
        self._key = key or chain
        self._lock = threading.Lock()
        try:
            self._seen = self._version()
            self._context = self._load()
        except (OSError, ValueError) as error:
            raise NotReady(
                f"the certificate {chain} with the key {self._key} cannot be used: {error}",
                hint="Correct ROWHOUSE_TLS_CERT and ROWHOUSE_TLS_KEY.",
            ) from error

    def context(self) -> ssl.SSLContext:
        """Return the context for the next connection."""
        with self._lock:
            try:
                version = self._version()
                if version != self._seen:
                    self._seen = version
                    self._context = self._load()
                    _log.info("certificate_reloaded", chain=self._chain)
            except (OSError, ValueError) as error:
                _log.warning("certificate_unusable", chain=self._chain, error=str(error))
            return self._context

    def _version(self) -> _Version:
        found = [os.stat(path) for path in (self._chain, self._key)]  # noqa: PTH116 - follows links, as Kubernetes makes them
        return tuple((stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in found)

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _OLDEST
        context.num_tickets = 1  # each costs a tenth of a handshake
        context.load_cert_chain(self._chain, self._key)
        return context
