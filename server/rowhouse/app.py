"""The Flask application."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from flask import Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException

from rowhouse import telemetry
from rowhouse.api import problems
from rowhouse.api.view import blueprint as api_blueprint
from rowhouse.auth.guard import Guard, is_public, least_role
from rowhouse.auth.placement import ApiServerPods
from rowhouse.cni.view import blueprint as cni_blueprint
from rowhouse.domain.errors import (
    InputFailure,
    NotReady,
    RowhouseError,
    TooManyRequests,
    TryAgain,
    Unauthenticated,
)
from rowhouse.domain.unreadable import ABOUT_A_VALUE, is_about_input, raised_at
from rowhouse.ipam.readiness import readiness
from rowhouse.metrics import FAULTS, PAGES
from rowhouse.store.connection import deadline
from rowhouse.store.connection.database import Database
from rowhouse.telemetry.liveness import Liveness
from rowhouse.web.layout import errors as pages
from rowhouse.web.session.login import ask_for_login
from rowhouse.web.view import blueprint as web_blueprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Request
    from werkzeug.routing import MapAdapter
    from werkzeug.wrappers import Response as AnyResponse

    from rowhouse.auth.caller import Caller
    from rowhouse.ipam.placement import PodPlacement
    from rowhouse.settings import Settings

ARRIVED_AT: Final = "rowhouse.arrived_at"
"""The key in the WSGI environment for the arrival time of the request (time.monotonic()), set by our HTTP server."""

_log = structlog.get_logger(__name__)
_PASSING = {TooManyRequests.http_status, TryAgain.http_status}
_MAX_CHECK_SECONDS = 2.0  # seconds, while another probe is running
_BAD_HOST = "rowhouse.bad_host"
_QUIET = {"/livez", "/readyz", "/metrics"}


@dataclass(frozen=True, slots=True)
class Rowhouse:
    """What the views need, in `current_app.extensions["rowhouse"]`."""

    settings: Settings
    store: Database
    metrics: telemetry.DatabaseMetrics
    guard: Guard
    pods: PodPlacement | None = None
    """Looks up where pods run, if a cluster's API server may be queried."""
    looking: threading.Lock = field(default_factory=threading.Lock)
    """Held by the probe that is checking the database."""
    liveness: Liveness = field(default_factory=Liveness)


class _Application(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Skip Flask's check on every request: no view is asynchronous."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Bind the routes to the request's host, or to another one if that is no host: no page renders without."""
        try:
            return super().create_url_adapter(request)
        except HTTPException:
            if request is None:
                raise
            request.environ[_BAD_HOST] = True
            return self.url_map.bind("localhost", path_info=request.path)

    def preprocess_request(self) -> Any:
        """Do what comes before the view, most of which reads what the caller sent."""
        try:
            return super().preprocess_request()
        except (HTTPException, RowhouseError):
            raise
        except Exception as error:  # noqa: BLE001 - the caller gets an answer in any case
            raise _refusal(error) from None

    def dispatch_request(self) -> Any:
        """Run the view. One without authentication reads only what the caller sent, so the same holds for it."""
        if not is_public():
            return super().dispatch_request()
        try:
            return super().dispatch_request()
        except HTTPException:
            raise
        except ABOUT_A_VALUE as error:
            raise _refusal(error) from None


def create_app(settings: Settings, *, only_caller: Caller | None = None) -> Flask:
    """Create the service for one database. It starts without the database: /readyz tells when it is reachable.

    If `only_caller` is given, every request acts as this caller: a program that runs the application in its
    own process, without a server.
    """
    app = _Application(__name__)
    store = Database(
        settings.database,
        pool_size=settings.pool_size,
        wait=settings.pool_timeout,
        lock_wait=settings.lock_timeout,
        prepare=settings.prepared_statements,
    )
    guard = Guard(settings, store, pages=web_blueprint.name)
    pods = ApiServerPods(settings.trusted_clusters())
    PAGES.clear()
    if settings.public_url:
        PAGES.labels(settings.public_url).set(1)
    app.extensions["rowhouse"] = Rowhouse(
        settings, store, telemetry.DatabaseMetrics(store), guard, pods or None
    )
    app.register_blueprint(cni_blueprint)
    app.register_blueprint(api_blueprint)
    app.register_blueprint(web_blueprint)
    app.register_error_handler(HTTPException, _unserved)
    app.register_error_handler(RowhouseError, _refused)
    app.before_request(_begin)
    app.after_request(_end)
    if only_caller is None:
        guard.watch(app)
    else:
        app.before_request(partial(setattr, g, "caller", only_caller))
    app.add_url_rule("/livez", "livez", _livez)
    app.add_url_rule("/readyz", "readyz", _readyz)
    metrics = least_role("viewer" if settings.metrics_auth else None)(_metrics)
    app.add_url_rule("/metrics", "metrics", metrics)
    return app


def _refusal(error: Exception) -> RowhouseError:
    """Return what to answer after an unexpected error."""
    return _unreadable(error) if is_about_input(error) else _fault(error)


def _fault(error: Exception) -> RowhouseError:
    """Return "try again" for a fault of our own, which must not turn the caller away: it is no failed attempt."""
    FAULTS.inc()
    _log.error("fault_before_authentication", exc_info=error)
    return TryAgain("the server has a fault", hint="Repeat the call. See the server's log.")


def _unreadable(error: Exception) -> RowhouseError:
    """Refuse what could not be read, and count it as a failed authentication.

    Before a caller is known, that is 401: the plugin repeats such a call, so a DEL is not lost.
    """
    _log.warning("unreadable_request", error=type(error).__name__, raised_at=raised_at(error))
    known = is_public() or g.get("caller") is not None
    kind = InputFailure if known else Unauthenticated
    refusal = kind("the request cannot be read", hint="Check its headers, its path and its token.")
    try:
        _rowhouse().guard.authentication_failures.count(refusal)
    except TooManyRequests as enough:
        return enough
    return refusal


def _unserved(error: HTTPException) -> Response | HTTPException:
    """Answer an unknown path or a wrong method: with a page for browsers, with a problem document for the API."""
    return pages.unserved(error) if _wants_page() else problems.unserved(error)


def _refused(error: RowhouseError) -> AnyResponse:
    """Answer an error that no blueprint handles, likewise."""
    if not _wants_page():
        return problems.refused(error)
    if isinstance(error, Unauthenticated):
        return ask_for_login(error)
    return pages.refused(error)


def _wants_page() -> bool:
    in_api = request.path.startswith(problems.PREFIX)
    return not in_api and "text/html" in request.accept_mimetypes.values()


def _begin() -> None:
    g.request_id = telemetry.begin_request(request.headers.get("X-Request-ID"))
    deadline.begin(
        request.headers.get("Rowhouse-Timeout"), arrived_at=request.environ.get(ARRIVED_AT)
    )
    g.began = time.perf_counter()
    if _BAD_HOST in request.environ:
        raise BadRequest("The header Host does not name a host.")


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.began
    response.headers["X-Request-ID"] = g.request_id
    if response.status_code in _PASSING:
        response.headers.setdefault("Retry-After", "1")
    if request.path == "/cni":
        telemetry.count_cni_call(
            command=request.headers.get("CNI-Command", ""),
            code=g.get("cni_code", 0),
            seconds=seconds,
            replayed="Rowhouse-Replay" in request.headers,
        )
    if request.path not in _QUIET:
        _log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 2),
        )
    telemetry.end_request()
    return response


@least_role(None)
def _livez() -> tuple[Response, int]:
    """Tell whether the process can do its work. It does not depend on the database."""
    if problem := _rowhouse().liveness.problem():
        return jsonify(status="stuck", reason=problem), 503
    return jsonify(status="alive"), 200


@least_role(None)
def _readyz() -> tuple[Response, int]:
    """Check that the database is reachable, that its schema is this version's, and that tokens can be verified.

    Only one probe checks at a time: if the database hangs, this blocks one thread and not all of them.
    """
    looking = _rowhouse().looking
    verification = _rowhouse().guard.verification
    clusters = {"clusters": found} if (found := verification.report()) else {}
    try:
        if not looking.acquire(timeout=_MAX_CHECK_SECONDS):
            raise NotReady(
                "the database does not answer", hint="Check whether it is stopped or unreachable."
            )
        try:
            readiness(_rowhouse().store)
        finally:
            looking.release()
        verification.require()
    except RowhouseError as error:
        return jsonify(status="not ready", reason=error.message, hint=error.hint, **clusters), 503
    return jsonify(status="ready", **clusters), 200


def _metrics() -> Response:
    tokens = telemetry.VerificationMetrics(_rowhouse().guard.verification)
    text = telemetry.metrics(_rowhouse().metrics, tokens)
    return Response(text, content_type=telemetry.METRICS_CONTENT_TYPE)


def _rowhouse() -> Rowhouse:
    found: Rowhouse = current_app.extensions["rowhouse"]
    return found
