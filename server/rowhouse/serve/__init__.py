"""The production HTTP server: gunicorn, one process with many threads.

One process, because metrics, connection pools and batches are per process. For more capacity, run more replicas. The
worker process creates the application itself, so no database connection crosses a fork.
"""

from __future__ import annotations

import logging
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from rowhouse.app import create_app
from rowhouse.auth.certificate import Certificate
from rowhouse.serve.arbiter import Arbiter
from rowhouse.serve.descriptors import limit_connections
from rowhouse.serve.worker import Worker
from rowhouse.web import live

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rowhouse.settings import Settings

# Time for running requests during a shutdown; less than the 30 s that Kubernetes gives a pod.
_GRACE_SECONDS = 20


class _Logger(Logger):
    """Sends gunicorn's messages through our logging. Its access log is off, because we write our own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        # Its messages about signals and worker starts matter only for debugging.
        self.error_log.setLevel(
            logging.DEBUG if logging.root.level == logging.DEBUG else logging.WARNING
        )


class _Server(BaseApplication):
    def __init__(
        self, settings: Settings, options: dict[str, Any], watch: Callable[[], None] | None
    ) -> None:
        self.settings = settings
        self._watch = watch
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        app = create_app(self.settings)
        # Half of the connections remain for other clients.
        live.begin(
            app, max_viewers=min(self.settings.live_viewers, self.cfg.worker_connections // 2)
        )
        app.extensions["rowhouse"].guard.verification.begin()
        return app

    def run(self) -> None:
        arbiter = Arbiter(self, self._watch)
        try:
            arbiter.run()
        except SystemExit:
            if arbiter.failure is not None:
                raise arbiter.failure from None
            raise


def serve(
    settings: Settings,
    *,
    bind: str,
    threads: int,
    workers: int,
    ready_file: Path | None,
    watch: Callable[[], None] | None = None,
) -> NoReturn:
    """Serve until SIGTERM or SIGINT, let running requests finish, then exit.

    Args:
        settings: the application's settings.
        bind: HOST:PORT, [HOST]:PORT for IPv6; port 0 picks a free one.
        threads: concurrent requests of each process.
        workers: number of processes.
        ready_file: file to write the URL to when the server is ready.
        watch: called about once a second in the parent process.

    Raises:
        SystemExit: with the exit status.
        NotReady: the TLS certificate of the settings cannot be used.
        RowhouseError: raised by `watch`; the server has stopped.
    """
    tls = _tls(settings)

    def announce(worker: Any) -> None:
        # The terminal sends Ctrl-C to this process, too, but only the arbiter stops it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if worker.age > 1:
            return
        url = _url("https" if tls else "http", worker.sockets[0].getsockname())
        print(f"rowhouse: listening on {url}", flush=True)  # noqa: T201 - for scripts to parse
        if ready_file is not None:
            ready_file.write_text(f"{url}\n", encoding="utf-8")

    _Server(
        settings,
        {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_connections": limit_connections(
                settings.max_connections, threads=threads, pool_size=settings.pool_size
            ),
            "worker_class": Worker,
            "graceful_timeout": _GRACE_SECONDS,
            "keepalive": settings.keep_alive,
            "logger_class": _Logger,
            "control_socket_disable": True,
            # Not another parser that happens to be installed: ours finds the end of a request likewise.
            "http_parser": "python",
            # Always set, because gunicorn's default trusts loopback and reads its own variable.
            "forwarded_allow_ips": settings.forwarded_allow_ips,
            "proc_name": "rowhouse",
            "post_worker_init": announce,
            **tls,
        },
        watch,
    ).run()
    sys.exit(0)


def _tls(settings: Settings) -> dict[str, Any]:
    """Return the TLS options: gunicorn requests an SSL context for each connection. Empty without TLS."""
    if not settings.tls_cert:
        return {}
    certificate = Certificate(settings.tls_cert, settings.tls_key)
    return {
        "certfile": settings.tls_cert,
        "ssl_context": lambda _config, _default: certificate.context(),
    }


def _url(scheme: str, address: tuple[Any, ...]) -> str:
    host, port = address[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
