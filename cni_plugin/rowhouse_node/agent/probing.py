"""Asks a server that failed whether it answers again."""

import time

from rowhouse_cni.answer import NoAnswerError
from rowhouse_cni.client import identity_lines
from rowhouse_cni.errors import NoServerAnsweredError
from rowhouse_cni.server_url import Server
from rowhouse_node.agent.carrying import Carrier, ThisCall
from rowhouse_node.agent.ordering import Delivery

PROBE_SECONDS = 3.0
NETCONF = (
    b'{"cniVersion":"1.1.0","name":"rowhouse-node","type":"rowhouse","ipam":{"type":"rowhouse"}}'
)


def probe(carrier: Carrier, server: Server) -> None:
    """Send one STATUS. Any answer shows that the server is up; `health` records it."""
    try:
        lines = [
            b"POST %b HTTP/1.1" % server.path.encode(),
            b"Host: " + server.authority.encode(),
            b"CNI-Command: STATUS",
            *identity_lines(carrier.settings),
            *carrier.authorization(),
            b"Content-Type: application/json",
            b"Content-Length: %d" % len(NETCONF),
            b"",
            NETCONF,
        ]
        ThisCall(carrier, Delivery()).post(
            carrier.settings, server, b"\r\n".join(lines), time.monotonic() + PROBE_SECONDS
        )
    except (NoAnswerError, NoServerAnsweredError):
        pass  # it is probed again
