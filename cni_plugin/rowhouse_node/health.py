"""/healthz, /readyz and /metrics of the daemon."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rowhouse_cni import __version__
from rowhouse_node.agent.serving import Agent
from rowhouse_node.daemon import REPLAY_TIME, Daemon

STUCK = 60.0  # seconds beyond period and replay after which a round counts as stuck


class Server(ThreadingHTTPServer):
    """Answers probes from one daemon's state."""

    daemon_threads = True

    def __init__(self, daemon: Daemon) -> None:
        host, _, port = daemon.options.listen.rpartition(":")
        self.node_daemon = daemon
        host = host.strip("[]")
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, int(port)), Handler)

    def start(self) -> int:
        """Serve in a thread; return the port."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    """Serve one probe."""

    server: Server
    timeout = 5  # seconds

    def do_GET(self) -> None:
        """Answer 200, 503 or 404."""
        daemon = self.server.node_daemon
        state = daemon.state
        if self.path == "/metrics":
            self.answer(200, metrics(daemon))
        elif self.path == "/readyz":
            self.answer(503 if state.problem else 200, (state.problem or "ok") + "\n")
        elif self.path == "/healthz":
            age = time.monotonic() - state.round_ended
            stuck = age > daemon.options.period + REPLAY_TIME + STUCK
            self.answer(503 if stuck else 200, f"{age:.0f} s since the last round\n")
        else:
            self.answer(404, "/healthz, /readyz, /metrics\n")

    def answer(self, status: int, text: str) -> None:
        """Send plain text."""
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
        """Probes come every few seconds: no log."""


def metrics(daemon: Daemon) -> str:
    """The text form of Prometheus."""
    state = daemon.state
    rows = (
        ("ready", "gauge", "1 if the last round had no problem", int(not state.problem)),
        (
            "status_up",
            "gauge",
            "1 if a server answered the last STATUS with success",
            int(daemon.status_call.is_up),
        ),
        (
            "status_failures_total",
            "counter",
            "STATUS calls that failed",
            daemon.status_call.failures,
        ),
        ("installs_total", "counter", "times the plugin was installed on the host", state.installs),
        (
            "whereabouts_replaced_total",
            "counter",
            "times another installer replaced our launcher of the name whereabouts",
            daemon.stand_in.replaced,
        ),
        ("failed_rounds_total", "counter", "rounds with a problem", state.failures),
        ("spool_entries", "gauge", "DELs that are waiting for a server", state.kept),
        ("spool_bytes", "gauge", "bytes that they use of the spool's limit", state.kept_bytes),
        ("spool_refused_entries", "gauge", "DELs that a server refused for good", state.refused),
        ("spool_replayed_total", "counter", "DELs removed from the spool", state.replayed),
        *of_agent(daemon.agent),
    )
    return info(daemon) + "".join(
        f"# HELP rowhouse_node_{name} {text}\n# TYPE rowhouse_node_{name} {kind}\n"
        f"rowhouse_node_{name} {value}\n"
        for name, kind, text, value in rows
    )


def of_agent(agent: Agent | None) -> tuple[tuple[str, str, str, int], ...]:
    """The agent's rows; none without an agent."""
    if agent is None:
        return ()
    return (
        ("agent_active_calls", "gauge", "calls that the agent is carrying", agent.active),
        ("agent_calls_total", "counter", "calls that a server answered", agent.carried),
        ("agent_kept_total", "counter", "DELs that the agent kept", agent.kept),
        (
            "agent_passed_total",
            "counter",
            "calls that went directly, because the agent was busy or found no server",
            agent.passed,
        ),
        (
            "agent_foreign_callers_total",
            "counter",
            "connections of users that may not call",
            agent.foreign,
        ),
        (
            "agent_connections_total",
            "counter",
            "connections opened to servers",
            agent.carrier.connections.opened,
        ),
        (
            "agent_servers_down",
            "gauge",
            "servers that have failed since they last answered",
            agent.servers_down,
        ),
    )


def info(daemon: Daemon) -> str:
    """The version of the daemon, and the plugin's folder in use, which is named by its content."""
    link = daemon.plugin.link
    folder = link.readlink().name if link.is_symlink() else ""
    return (
        "# HELP rowhouse_node_info version of the daemon, and the plugin's folder in use\n"
        "# TYPE rowhouse_node_info gauge\n"
        f'rowhouse_node_info{{version="{__version__}",plugin="{folder}"}} 1\n'
    )
