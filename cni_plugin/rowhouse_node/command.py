"""``rowhouse-node``: run, install, uninstall or doctor."""

import os
import signal
import sys
import threading

from rowhouse_cni.errors import BadSettingsError
from rowhouse_node.daemon import Daemon
from rowhouse_node.health import Server
from rowhouse_node.log import say
from rowhouse_node.options import Options, parse
from rowhouse_node.service import ServiceUnknown
from rowhouse_node.supplies import settings_text
from rowhouse_node.uninstall import stay, uninstall


def main() -> None:
    """Run until SIGTERM; status 1 if it could not be done, 2 if the options are wrong, 4 and 6 of the doctor."""
    options = parse(sys.argv[1:], os.environ)
    if options.command == "doctor":
        # Imported here alone: the daemon runs on every node, and its memory counts.
        from rowhouse_node.doctor.report import examine, exit_status, text

        findings = examine(options)
        print(text(findings, options.output))  # noqa: T201 - its report
        sys.exit(exit_status(findings))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if options.command == "uninstall":
        take_away(options, stop)
        return
    try:
        settings_text(options)
    except ServiceUnknown:
        pass  # the rounds look it up again, and tell
    except BadSettingsError as error:
        say(f"{error.msg} {error.details}".strip())
        sys.exit(2)
    daemon = Daemon(options)
    if options.command == "install":
        daemon.round(stop)
        sys.exit(1 if daemon.state.problem else 0)
    server = Server(daemon)
    say(f"health on port {server.start()}")
    daemon.run(stop)
    server.shutdown()
    say("stopped")


def take_away(options: Options, stop: threading.Event) -> None:
    """Uninstall; with --stay until SIGTERM, and ready once the host is clean."""
    daemon = Daemon(options)
    try:
        if options.stay:
            server = Server(daemon)
            say(f"health on port {server.start()}")
            stay(daemon, stop)
            server.shutdown()
        else:
            uninstall(daemon)
    except OSError as failure:
        say(str(failure))
        sys.exit(1)
