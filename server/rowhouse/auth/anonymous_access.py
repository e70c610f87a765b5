"""Whether requests need a token."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Final

import structlog

from rowhouse.auth.origin import origin_of
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
    """Decides whether a request without a token may do everything. Once tokens are required, they stay required.

    Args:
        mode: the mode from the settings.
        clusters: the trusted clusters.
        store: the database with the static tokens.
        clock: monotonic time in seconds.
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
        """Whether the server is open to this machine only, which includes its browsers."""
        self._closed = mode == "required" or (mode == "auto" and bool(clusters))
        self._open_until = float("inf") if mode == "off" else float("-inf")
        self._store = store
        self._clock = clock

    def is_allowed(self) -> bool:
        """Whether requests currently need no token.

        Errors: TryAgain and NotReady if the database cannot answer.
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
    """Return the mode of a server that listens on `bind` (HOST:PORT), and a line for the log.

    "auto" allows anonymous access only on loopback: on other addresses, tokens are always required.

    Errors: NotAllowed if no valid token could exist.
    """
    if mode == "off":
        _log.warning(
            "no token is needed: every client that reaches the server may do everything", bind=bind
        )
        return mode
    try:
        closed = mode == "required" or bool(clusters) or tokens.any_made(store)
    except (NotReady, TryAgain):  # not known yet
        return mode if is_loopback(bind) else "required"
    if is_loopback(bind):
        if not closed:
            _log.warning("no token is needed: access control is not configured", bind=bind)
        return mode
    if not closed:
        raise _not_configured(bind, "Create a token (`rowhouse token create`), trust a cluster")
    return "required"


def refuse_open_start(mode: Mode, bind: str, clusters: Sequence[TrustedCluster]) -> None:
    """Refuse to create a database for a server that would then not start, because a new database has no token.

    Errors: NotAllowed.
    """
    if mode == "auto" and not clusters and not is_loopback(bind):
        raise _not_configured(bind, "Trust a cluster")


def _not_configured(bind: str, first_steps: str) -> NotAllowed:
    return NotAllowed(
        f"{bind} is reachable from other machines, but access control is not configured",
        hint=f"{first_steps} (ROWHOUSE_JWKS), require tokens that you create later (ROWHOUSE_AUTH=required),"
        " listen on 127.0.0.1, or let every client do everything (--insecure)",
    )


def is_loopback(bind: str) -> bool:
    """Whether HOST:PORT can be reached from this machine only."""
    host = bind.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_rebound_name(request: Request) -> None:
    """Refuse a browser that uses a foreign host name.

    Without tokens, a page of evil.example, whose name was changed to resolve to 127.0.0.1, could
    otherwise do everything through a local browser (DNS rebinding). Browsers send an Origin header
    with all writing requests; programs do not. The host may be any address, because an address
    cannot be made to resolve to another one. The origin must be loopback, because it is where the
    page came from.

    Errors: NotAllowed.
    """
    origin = request.headers.get("Origin")
    if origin is None and request.method not in {"GET", "HEAD"}:
        return
    host = origin_of(f"//{request.host}").hostname or ""
    if not _is_address(host) and host != "localhost":
        raise _not_as(host)
    if origin is not None and not is_loopback(f"{origin_of(origin).hostname or ''}:"):
        raise _not_as(origin)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _not_as(name: str) -> NotAllowed:
    return NotAllowed(
        f"without a token the server does not answer to the name {name!r}",
        hint="Use http://127.0.0.1 or localhost, or create a token.",
    )
