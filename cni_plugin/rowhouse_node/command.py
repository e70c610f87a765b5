"""``rowhouse-node``: run, install, uninstall or doctor."""

import os
import signal
import sys
import threading

from rowhouse_cni.errors import BadSettingsError
from rowhouse_node.daemon import Daemon, say, uninstall
from rowhouse_node.doctor.report import examine, exit_status, text
from rowhouse_node.health import Server
from rowhouse_node.options import parse
from rowhouse_node.supplies import settings_text


def main() -> None:
    """Run until SIGTERM; status 1 if it could not be done, 2 if the options are wrong, 4 and 6 of the doctor."""
    options = parse(sys.argv[1:], os.environ)
    if options.command == "doctor":
        findings = examine(options)
        print(text(findings, options.output))  # noqa: T201 - its report
        sys.exit(exit_status(findings))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if options.command == "uninstall":
        try:
            uninstall(options)
        except OSError as failure:
            say(str(failure))
            sys.exit(1)
        if options.stay:
            stop.wait()
        return
    try:
        settings_text(options)
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
