"""The Flask application."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, current_app, g, jsonify, request

from rowhouse import telemetry
from rowhouse.cni.view import blueprint as cni_blueprint
from rowhouse.domain.errors import RowhouseError
from rowhouse.ipam.readiness import readiness
from rowhouse.store.database import Database

if TYPE_CHECKING:
    from rowhouse.settings import Settings

_log = structlog.get_logger()
_QUIET = {"/livez", "/readyz", "/metrics"}


@dataclass(frozen=True, slots=True)
class Rowhouse:
    """What the views need: `current_app.extensions["rowhouse"]`."""

    settings: Settings
    store: Database


def create_app(settings: Settings) -> Flask:
    """The service for one database. It needs no database to start: /readyz tells when it has one."""
    app = Flask(__name__)
    app.extensions["rowhouse"] = Rowhouse(
        settings,
        Database(settings.database_url, pool_size=settings.pool_size, wait=settings.pool_timeout),
    )
    app.register_blueprint(cni_blueprint)
    app.before_request(_begin)
    app.after_request(_end)
    app.add_url_rule("/livez", "livez", _livez)
    app.add_url_rule("/readyz", "readyz", _readyz)
    app.add_url_rule("/metrics", "metrics", _metrics)
    return app


def _begin() -> None:
    g.request_id = telemetry.begin_request(request.headers.get("X-Request-ID"))
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.began
    response.headers["X-Request-ID"] = g.request_id
    if request.path == "/cni":
        telemetry.count_cni_call(
            command=request.headers.get("CNI-Command", ""),
            code=g.get("cni_code", 0),
            seconds=seconds,
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


def _livez() -> Response:
    """The process serves requests."""
    return jsonify(status="alive")


def _readyz() -> tuple[Response, int]:
    """The database can be reached and its schema is this code's."""
    try:
        readiness(_rowhouse().store)
    except RowhouseError as error:
        return jsonify(status="not ready", reason=error.message, hint=error.hint), 503
    return jsonify(status="ready"), 200


def _metrics() -> Response:
    return Response(telemetry.metrics(), content_type=telemetry.METRICS_CONTENT_TYPE)


def _rowhouse() -> Rowhouse:
    found: Rowhouse = current_app.extensions["rowhouse"]
    return found
