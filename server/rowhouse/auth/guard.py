"""Authenticate and authorize every request before its view runs.

Deny by default: a view requires the role viewer for reading methods and operator for all others, unless
`least_role` sets another role. A team, whose role is below viewer, sees only the views with `least_role("team")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

import structlog
from flask import current_app, g, request

from rowhouse.auth.anonymous_access import AnonymousAccess, refuse_rebound_name
from rowhouse.auth.bearer_token import SAFE_METHODS, bearer_token
from rowhouse.auth.caller import ANYBODY, Caller, has_role, require_role
from rowhouse.auth.client_address import AuthenticationFailures, refuse_if
from rowhouse.auth.cookie import SESSION
from rowhouse.auth.kubernetes import ServiceAccountTokens
from rowhouse.auth.limits import Limiter
from rowhouse.auth.oidc.login import OidcLogin
from rowhouse.auth.origin import is_secure
from rowhouse.auth.sessions import Sessions
from rowhouse.auth.static import PREFIX, StaticTokens, digest
from rowhouse.auth.verification import Verification
from rowhouse.auth.verified import VerifiedCallers
from rowhouse.domain.errors import NotAllowed, TooManyRequests, Unauthenticated
from rowhouse.domain.teams import SEEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask, Response

    from rowhouse.auth.access import AccessSettings
    from rowhouse.auth.caller import Role
    from rowhouse.auth.verified import Verified
    from rowhouse.store.connection.database import Database

View = TypeVar("View", bound="Callable[..., Any]")

_MARK: Final = "_rowhouse_least_role"
_DEFAULT: Final = object()


def least_role(role: Role | None) -> Callable[[View], View]:
    """Set the role that a view requires; None for a view without authentication."""

    def mark(view: View) -> View:
        setattr(view, _MARK, role)
        return view

    return mark


class Guard:
    """Guards the views of one application.

    Args:
        access: the settings.
        store: the database with the static tokens and the sessions.
        pages: the blueprint whose views accept a session instead of a token; no other view reads cookies.
    """

    def __init__(self, access: AccessSettings, store: Database, *, pages: str = "") -> None:
        clusters = access.trusted_clusters()
        self._anonymous_access = AnonymousAccess(access.auth, clusters, store)
        self._static = StaticTokens(store)
        self._kubernetes = ServiceAccountTokens(clusters)
        self.verification = Verification(self._kubernetes.clusters)
        self._bearers = VerifiedCallers()
        # Separate: a token in a cookie and a cookie as a token are both invalid.
        self._in_session = VerifiedCallers()
        self._nodes = Limiter(access.node_limit)
        self._others = Limiter(access.caller_limit)
        self._access = access
        self._pages = pages
        self.authentication_failures = AuthenticationFailures(access.failure_limit)
        self.sessions = Sessions(store, seconds=access.session_seconds)
        self.oidc = OidcLogin(access, self.sessions) if access.oidc_issuer else None

    def watch(self, app: Flask) -> None:
        """Guard every request of `app` from now on."""
        app.before_request(self._admit)
        app.after_request(self._explain)

    def needs_no_login(self) -> bool:
        """Whether access control is currently off. Raises TryAgain, NotReady."""
        return self._anonymous_access.is_allowed()

    def end_session(self, value: str) -> None:
        """End a session: immediately here, on other replicas within seconds. Raises TryAgain, NotReady."""
        self.sessions.end(value)
        self._in_session.forget(digest(value))

    def _admit(self) -> None:
        needed = _needed()
        if needed is None:
            return
        caller = self._caller()
        g.caller = caller
        structlog.contextvars.bind_contextvars(caller=caller.name)
        if caller is not ANYBODY:
            limiter = self._nodes if caller.role == "node" else self._others
            refuse_if(limiter.take(f"{caller.role} {caller.name}"), f'"{caller.name}"')
        if needed != "node":
            require_role(needed)

    def _caller(self) -> Caller:
        if self._anonymous_access.is_allowed():
            if self._anonymous_access.is_local:
                refuse_rebound_name(request)
            return ANYBODY
        session = self._session()
        try:
            if session:
                caller = self._known(session, self._in_session, self.sessions.verify)
                g.session = session
                return caller
            token = bearer_token(request)
            return self._known(token, self._bearers, self._kind(token))
        except (Unauthenticated, NotAllowed) as refusal:
            if session or not self._is_page() or "Authorization" in request.headers:
                self.authentication_failures.count(refusal)
            # otherwise a browser that has to log in, which is not an attempt to guess
            raise

    def _session(self) -> str:
        """Return the session of a request for a page; "" without one, or if the request also has a token."""
        if not self._is_page() or "Authorization" in request.headers:
            return ""
        return SESSION.read(request, secure=is_secure(request, self._access))

    def _is_page(self) -> bool:
        """Whether the request is for a page, or comes from a browser for an unknown path."""
        if request.endpoint is None:
            return bool(self._pages) and "text/html" in request.accept_mimetypes.values()
        return request.blueprint == self._pages

    def _kind(self, token: str) -> Callable[[str], Verified]:
        return (self._static if token.startswith(PREFIX) else self._kubernetes).verify

    def _known(
        self, secret: str, seen: VerifiedCallers, verify: Callable[[str], Verified]
    ) -> Caller:
        key = digest(secret)
        if (known := seen.get(key)) is not None:
            return known
        # Callers that were verified recently are accepted even if others guess from the same address.
        self.authentication_failures.check()
        verified = verify(secret)
        seen.put(key, verified)
        return verified.caller

    def _explain(self, response: Response) -> Response:
        """Return the headers that tell a client how to authenticate, when to retry, or what its team sees."""
        if response.status_code == Unauthenticated.http_status and not g.get("caller"):
            response.headers.add("WWW-Authenticate", 'Bearer realm="rowhouse"')
            by_password = request.method in SAFE_METHODS and request.accept_mimetypes.accept_html
            if by_password and not self._is_page():  # the pages have a form for it
                response.headers.add("WWW-Authenticate", 'Basic realm="rowhouse"')
        caller: Caller | None = g.get("caller")
        if caller is not None and caller.namespaces is not None:
            response.headers[SEEN] = ",".join(map(quote, caller.namespaces))
        if response.status_code == TooManyRequests.http_status and "retry_after" in g:
            response.headers.setdefault("Retry-After", str(g.retry_after))
        return response


def is_public() -> bool:
    """Whether the view of the current request needs no authentication."""
    return _needed() is None


def may_open(endpoint: str) -> bool:
    """Whether the current caller may read the view of an endpoint."""
    needed = role_of(endpoint, "GET")
    caller: Caller | None = g.get("caller")
    return needed is None or (caller is not None and needed != "node" and has_role(caller, needed))


def role_of(endpoint: str, method: str) -> Role | None:
    """Return the role that the view of an endpoint requires; None: no authentication."""
    view = current_app.view_functions.get(endpoint)
    marked = getattr(view, _MARK, _DEFAULT)
    if marked is _DEFAULT:
        return "viewer" if method in SAFE_METHODS else "operator"
    needed: Role | None = marked  # type: ignore[assignment]  # set by `least_role`
    return needed


def _needed() -> Role | None:
    return role_of(request.endpoint or "", request.method)
