"""Looks at every request before a view does: who sends it, and whether they may.

Deny by default: a view that says nothing else needs the role viewer, or operator where the method
is not one for reading. `least_role` says something else.
"""

from __future__ import annotations

import ipaddress
import math
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from flask import current_app, g, request

from rowhouse.auth.caller import ANYBODY, Caller, require_role
from rowhouse.auth.kubernetes import ServiceAccountTokens
from rowhouse.auth.limits import Limiter
from rowhouse.auth.openness import Openness, refuse_rebound_name
from rowhouse.auth.presented import READING, presented_token
from rowhouse.auth.static import PREFIX, StaticTokens, digest
from rowhouse.auth.verified import VerifiedCallers
from rowhouse.domain.errors import NotAllowed, TooManyRequests, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask, Response

    from rowhouse.auth.access import AccessSettings
    from rowhouse.auth.caller import Role
    from rowhouse.store.database import Database

View = TypeVar("View", bound="Callable[..., Any]")

_log = structlog.get_logger(__name__)
_MARK: Final = "_rowhouse_least_role"
_DEFAULT: Final = object()
_GUESSING: Final = "this address with tokens that are refused"


def least_role(role: Role | None) -> Callable[[View], View]:
    """Mark a view: the least role that it needs; None for a view that everybody may see."""

    def mark(view: View) -> View:
        setattr(view, _MARK, role)
        return view

    return mark


class Guard:
    """Stands before the views of one application.

    Args:
        access: the settings.
        store: where the static tokens are.
    """

    def __init__(self, access: AccessSettings, store: Database) -> None:
        clusters = access.trusted_clusters()
        self._openness = Openness(access.auth, clusters, store)
        self._static = StaticTokens(store)
        self._kubernetes = ServiceAccountTokens(clusters)
        self._verified = VerifiedCallers()
        self._nodes = Limiter(access.node_limit)
        self._others = Limiter(access.caller_limit)
        self._failures = Limiter(access.failure_limit)

    def watch(self, app: Flask) -> None:
        """Look at each request of `app` from now on."""
        app.before_request(self._admit)
        app.after_request(self._explain)

    def _admit(self) -> None:
        needed = _needed()
        if needed is None:
            return
        caller = self._caller()
        g.caller = caller
        structlog.contextvars.bind_contextvars(caller=caller.name)
        if caller is not ANYBODY:
            limiter = self._nodes if caller.role == "node" else self._others
            _refuse_if(limiter.take(f"{caller.role} {caller.name}"), f'"{caller.name}"')
        if needed != "node":
            require_role(needed)

    def _caller(self) -> Caller:
        if self._openness.is_open():
            if self._openness.is_local:
                refuse_rebound_name(request)
            return ANYBODY
        source = _source()
        try:
            return self._bearer(source)
        except (Unauthenticated, NotAllowed) as refusal:
            _log.warning("refused", source=request.remote_addr, reason=refusal.message)
            _refuse_if(self._failures.take(source), _GUESSING)
            raise

    def _bearer(self, source: str) -> Caller:
        token = presented_token(request)
        key = digest(token)
        if (known := self._verified.get(key)) is not None:
            return known
        # Whoever was verified a moment ago is let in, whatever others try from the same address.
        _refuse_if(self._failures.wait(source), _GUESSING)
        kind = self._static if token.startswith(PREFIX) else self._kubernetes
        verified = kind.verify(token)
        self._verified.put(key, verified)
        return verified.caller

    def _explain(self, response: Response) -> Response:
        """The headers that tell a client how to do better."""
        if response.status_code == Unauthenticated.http_status and not g.get("caller"):
            response.headers.add("WWW-Authenticate", 'Bearer realm="rowhouse"')
            if request.method in READING and request.accept_mimetypes.accept_html:
                response.headers.add("WWW-Authenticate", 'Basic realm="rowhouse"')
        if response.status_code == TooManyRequests.http_status and "retry_after" in g:
            response.headers.setdefault("Retry-After", str(g.retry_after))
        return response


def _needed() -> Role | None:
    view = current_app.view_functions.get(request.endpoint or "")
    marked = getattr(view, _MARK, _DEFAULT)
    if marked is _DEFAULT:
        return "viewer" if request.method in READING else "operator"
    needed: Role | None = marked  # type: ignore[assignment]  # what `least_role` has put there
    return needed


def _refuse_if(wait: float, who: str) -> None:
    if wait > 0:
        g.retry_after = math.ceil(wait)
        raise TooManyRequests(
            f"too many requests of {who}", hint=f"Try again in {math.ceil(wait)} s."
        )


def _source() -> str:
    """The sender's address; for IPv6 its /64, as one host has all of that."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return request.remote_addr or ""
    if address.version == 4:  # noqa: PLR2004
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
