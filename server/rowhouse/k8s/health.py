"""What the controller answers to probes and to Prometheus."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import prometheus_client
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from rowhouse.k8s.controller import Controller

_STUCK: Final = 600.0


def serve_health(controller: Controller, host: str, port: int) -> int:
    """Serve /healthz and /metrics in a thread of this process; the port (for 0: a free one).

    /healthz fails when the controller's loop has not gone round for ten minutes. A replica that is not
    the leader is as healthy as the leader.
    """

    @Request.application
    def application(request: Request) -> Response:
        if request.path == "/metrics":
            return Response(
                prometheus_client.generate_latest(),
                content_type=prometheus_client.CONTENT_TYPE_LATEST,
            )
        if request.path in {"/healthz", "/livez", "/readyz"}:
            stuck = time.monotonic() - controller.seen_alive > _STUCK
            return Response("stuck\n" if stuck else "ok\n", status=503 if stuck else 200)
        return Response("not found\n", status=404)

    server = make_server(host, port, application, threaded=True)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return int(server.server_port)
