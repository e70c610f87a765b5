"""The controller's endpoints for probes and Prometheus.

Every thread of the controller reports to the one `Checks` of its process: `passed` and `failed` after each
list, watch and write (readiness), `beat` on each turn of its loop (liveness), `forget` when it ends as asked.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import prometheus_client
import structlog
from prometheus_client.registry import Collector
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from rowhouse.domain.checks import GRACE_SECONDS, Checks
from rowhouse.metrics import CHECK_UP, CONTROLLER, CONTROLLER_READY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from rowhouse.domain.checks import Check

_log = structlog.get_logger(__name__)


def controller_checks(*, grace_seconds: float = GRACE_SECONDS) -> Checks:
    """The checks of a controller; each change is one line of its log."""
    return Checks(grace_seconds=grace_seconds, on_change=_tell)


def serve_health(checks: Checks, host: str, port: int) -> int:
    """Serve /healthz, /readyz and /metrics in a thread of this process; the port (for 0: a free one).

    /healthz fails when a loop is stuck, /readyz when a check keeps failing. A replica that is
    not the leader is as healthy and ready as the leader.
    """
    registry = prometheus_client.CollectorRegistry()
    registry.register(CheckMetrics(checks))

    @Request.application
    def application(request: Request) -> Response:
        if request.path == "/metrics":
            text = b"".join(
                map(
                    prometheus_client.generate_latest,
                    (prometheus_client.REGISTRY, CONTROLLER, registry),
                )
            )
            return Response(text, content_type=prometheus_client.CONTENT_TYPE_LATEST)
        if request.path in {"/healthz", "/livez"}:
            stuck = checks.stuck()
            return _answer(
                [_stuck(name, seconds) for name, seconds in stuck.items()], "ok", "stuck"
            )
        if request.path == "/readyz":
            return _answer([_unready(one) for one in checks.unready()], "ready", "not ready")
        return Response("not found\n", status=404)

    server = make_server(host, port, application, threaded=True)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return int(server.server_port)


class CheckMetrics(Collector):
    """Metrics: whether the last run of each check passed, and whether the controller is ready."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks

    def describe(self) -> list[Metric]:
        """Return nothing: `collect` has the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return both metrics."""
        checks = self._checks.all()
        up = CHECK_UP.gauge()
        for check in checks:
            good = check.has_passed and check.failing_since is None
            up.add_metric([check.name], int(good))
        yield up
        yield CONTROLLER_READY.gauge(int(all(check.is_ready for check in checks)))


def _answer(problems: list[dict[str, str]], good: str, bad: str) -> Response:
    """Return the first problem in the server's format (`reason`, `hint`), and all problems."""
    if not problems:
        return Response(json.dumps({"status": good}) + "\n", content_type="application/json")
    document = {"status": bad, **problems[0], "problems": problems}
    return Response(json.dumps(document) + "\n", status=503, content_type="application/json")


def _stuck(name: str, seconds: float) -> dict[str, str]:
    return {"check": name, "reason": f"its loop has been stuck for {seconds:.0f} s"}


def _unready(check: Check) -> dict[str, str]:
    return {"check": check.name, "reason": check.reason, "hint": check.hint}


def _tell(check: Check) -> None:
    if check.failing_since is None:
        _log.info("check_passed", check=check.name)
    else:
        _log.warning("check_failed", check=check.name, reason=check.reason, hint=check.hint)
