"""Whether a request needs a token at all."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog

from rowhouse.domain.errors import NotAllowed, NotReady, TryAgain
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Request

    from rowhouse.auth.access import Mode
    from rowhouse.auth.clusters import TrustedCluster
    from rowhouse.store.connection.database import Database

_log = structlog.get_logger(__name__)
_SECONDS: Final = 10.0


class AnonymousAccess:
    """Whether a request without a token may do everything; once the answer was no, it stays no.

    Args:
        mode: as the settings say.
        clusters: those that are trusted.
        store: where the static tokens are.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        mode: Mode,
        clusters: Sequence[TrustedCluster],
        store: Database,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_local = mode == "auto"
        """Open to this machine only, and so also to the browsers on it."""
        self._closed = mode == "required" or (mode == "auto" and bool(clusters))
        self._open_until = float("inf") if mode == "off" else float("-inf")
        self._store = store
        self._clock = clock

    def is_allowed(self) -> bool:
        """Whether no token is needed now.

        Errors: TryAgain and NotReady when the database cannot tell.
        """
        if self._closed:
            return False
        if self._clock() < self._open_until:
            return True
        self._closed = tokens.any_made(self._store)
        self._open_until = self._clock() + _SECONDS
        return not self._closed


def settled_mode(
    mode: Mode, bind: str, clusters: Sequence[TrustedCluster], store: Database
) -> Mode:
    """The mode of a server that listens on `bind` (HOST:PORT), and a log line that tells it.

    "auto" is only for loopback: on another address tokens are required, whatever comes.

    Errors: NotAllowed if nobody could have a token.
    """
    if mode == "off":
        _log.warning("no token is needed: whoever reaches the server may do everything", bind=bind)
        return mode
    try:
        closed = mode == "required" or bool(clusters) or tokens.any_made(store)
    except (NotReady, TryAgain):  # nobody knows yet
        return mode if is_loopback(bind) else "required"
    if is_loopback(bind):
        if not closed:
            _log.warning("no token is needed: no access is configured", bind=bind)
        return mode
    if not closed:
        raise NotAllowed(
            f"{bind} can be reached from elsewhere, and no access is configured",
            hint="Make a token (`rowhouse token create`), trust a cluster (ROWHOUSE_JWKS), require"
            " tokens that are made later (ROWHOUSE_AUTH=required), listen on 127.0.0.1, or let"
            " everybody do everything (--insecure)",
        )
    return "required"


def is_loopback(bind: str) -> bool:
    """Whether HOST:PORT can be reached from this machine only."""
    host = bind.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_rebound_name(request: Request) -> None:
    """Refuse a browser that came by a foreign name.

    Where no token is needed, a page of evil.example whose name was made to point at 127.0.0.1
    could else do everything from within a browser here (DNS rebinding). A browser sends an Origin
    with all that writes; programs send none.

    Errors: NotAllowed.
    """
    origin = request.headers.get("Origin")
    if origin is None and request.method not in {"GET", "HEAD"}:
        return
    for url in filter(None, (f"//{request.host}", origin)):
        name = urlsplit(url).hostname or ""
        try:
            ipaddress.ip_address(name)
        except ValueError:
            if name != "localhost":
                raise NotAllowed(
                    f"without a token the server is not to be had as {name!r}",
                    hint="Use http://127.0.0.1 or localhost, or make a token.",
                ) from None
